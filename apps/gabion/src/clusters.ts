import { readFile } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import { type MessageInitShape, toJson } from '@bufbuild/protobuf';
import {
  type ClusterEncryption,
  ClusterEncryptionSchema,
  ClusterEncryptionService,
  type PutClusterEncryptionRequestSchema,
} from '@gabion/contracts/gabion/kms/v1/clusters_pb';
import { type AskOptions, askPlatform, print } from './asking.ts';
import { Complaint, complaintOf } from './complaint.ts';
import { day, table } from './table.ts';

interface Settings extends AskOptions {
  readonly key?: string;
  readonly resources?: readonly string[];
  readonly grace?: number;
  readonly kubeconfig?: string;
  readonly pluginAccounts?: readonly string[];
}

type Put = Omit<MessageInitShape<typeof PutClusterEncryptionRequestSchema>, '$typeName' | 'cluster'>;

export async function addCluster(cluster: string, options: Settings): Promise<void> {
  const { key, resources, grace, kubeconfig, pluginAccounts } = options;
  const told: Put = {
    ...(key && { key }),
    ...(resources && { resources: [...resources] }),
    ...(grace && { graceSeconds: grace }),
    ...(pluginAccounts && { pluginAccounts: [...pluginAccounts] }),
    ...(kubeconfig && { kubeconfig: await contentOf(kubeconfig) }),
  };
  await change(cluster, told, options, false);
}

export async function suspendCluster(cluster: string, options: AskOptions): Promise<void> {
  await change(cluster, { isSuspended: true }, options, true);
}

export async function resumeCluster(cluster: string, options: AskOptions): Promise<void> {
  await change(cluster, { isSuspended: false }, options, true);
}

export async function listClusters(options: AskOptions): Promise<void> {
  const { clusters } = await askPlatform(options, ({ client, as }) =>
    client(ClusterEncryptionService).listClusterEncryptions({}, as),
  );
  if (options.json) return print({ clusters: clusters.map(jsonOf) });
  process.stdout.write(clusters.length === 0 ? 'There is no cluster: gabion clusters add\n' : tableOf(clusters));
}

export async function showCluster(cluster: string, options: AskOptions): Promise<void> {
  const found = await askPlatform(options, ({ client, as }) =>
    client(ClusterEncryptionService).getClusterEncryption({ cluster }, as),
  );
  show(found, options);
}

export async function removeCluster(cluster: string, options: AskOptions): Promise<void> {
  await askPlatform(options, ({ client, as }) =>
    client(ClusterEncryptionService).deleteClusterEncryption({ cluster }, as),
  );
  if (options.json) return print({ cluster });
  process.stdout.write(`${cluster} is forgotten; its key is there still\n`);
}

export async function printConfiguration(
  cluster: string,
  { endpoint, ...options }: AskOptions & { readonly endpoint: string },
): Promise<void> {
  const { yaml } = await askPlatform(options, ({ client, as }) =>
    client(ClusterEncryptionService).getEncryptionConfiguration({ cluster, endpoint }, as),
  );
  process.stdout.write(yaml);
}

/** Puts the cluster as it is with what is told; one that is not there is made, unless it must be. */
async function change(cluster: string, told: Put, options: AskOptions, mustExist: boolean): Promise<void> {
  const put = await askPlatform(options, async ({ client, as }) => {
    const service = client(ClusterEncryptionService);
    const before = await service.getClusterEncryption({ cluster }, as).catch((error: unknown) => {
      if (mustExist || complaintOf(error).code !== 'cluster_unknown') throw error;
      return undefined;
    });
    const kept = before && {
      key: before.keyId,
      resources: before.resources,
      graceSeconds: before.graceSeconds,
      pluginAccounts: before.pluginAccounts,
      isSuspended: before.isSuspended,
    };
    return service.putClusterEncryption({ ...kept, ...told, cluster }, as);
  });
  show(put, options);
}

async function contentOf(file: string): Promise<Buffer> {
  if (file === '-') return buffer(process.stdin);
  return readFile(file).catch((cause) => {
    throw new Complaint(`the kubeconfig ${file} cannot be read`, { code: 'file_unreadable', cause });
  });
}

function show(cluster: ClusterEncryption, { json }: AskOptions): void {
  if (json) return print(jsonOf(cluster));
  process.stdout.write(tableOf([cluster]));
  if (cluster.plugins.length === 0)
    return void process.stderr.write(`No plugin was seen yet: gabion kms-plugin --cluster ${cluster.cluster}\n`);
  const rows = cluster.plugins.map(({ node, kmsKeyId, lastSeenTime }) => [node, kmsKeyId || '-', seen(lastSeenTime)]);
  process.stdout.write(`\n${table(['NODE', 'KEY_ID', 'LAST SEEN'], rows)}`);
}

function jsonOf(cluster: ClusterEncryption) {
  return toJson(ClusterEncryptionSchema, cluster, { alwaysEmitImplicit: true });
}

function tableOf(clusters: readonly ClusterEncryption[]): string {
  const rows = clusters.map(({ cluster, isSuspended, kmsKeyId, resources, plugins, createTime }) => [
    cluster,
    isSuspended ? 'suspended' : kmsKeyId ? 'in use' : 'unusable',
    resources.join(', '),
    String(plugins.length),
    day(createTime),
    kmsKeyId,
  ]);
  return table(['CLUSTER', 'STATE', 'RESOURCES', 'PLUGINS', 'MADE', 'KEY_ID'], rows);
}

function seen(time: ClusterEncryption['createTime']): string {
  return time ? new Date(Number(time.seconds) * 1000).toISOString().replace(/\.\d+Z$/, 'Z') : '-';
}

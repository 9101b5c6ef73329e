import { readFile } from 'node:fs/promises';
import { request as plain } from 'node:http';
import { Agent, request as secure } from 'node:https';
import { text } from 'node:stream/consumers';
import { toJson } from '@bufbuild/protobuf';
import {
  ClusterEncryptionService,
  type EncryptionEvidence,
  EncryptionEvidenceSchema,
} from '@gabion/contracts/gabion/kms/v1/clusters_pb';
import { Census, prefixOf } from '@gabion/etcd-evidence/census';
import { takeRange } from '@gabion/etcd-evidence/range';
import { type AskOptions, askPlatform, print } from './asking.ts';
import { Complaint, exitCodes } from './complaint.ts';
import { showProgress } from './progress.ts';
import { table } from './table.ts';

interface Options extends AskOptions {
  readonly etcd?: string;
  readonly etcdCa?: string;
  readonly etcdCert?: string;
  readonly etcdKey?: string;
  readonly etcdPrefix: string;
}

const pageSize = 500;

/** Shows the evidence of a cluster; counts in etcd and reports it first when told where etcd is. */
export async function evidence(cluster: string, options: Options): Promise<void> {
  const found = await askPlatform(options, async ({ client, as }) => {
    const service = client(ClusterEncryptionService);
    if (options.etcd === undefined) return service.getEncryptionEvidence({ cluster }, as);
    const { resources } = await service.getClusterEncryption({ cluster }, as);
    const census = await counted(resources, options.etcd, options);
    if (census.shares().length === 0)
      throw new Complaint(`etcd has none of ${resources.join(', ')} below ${options.etcdPrefix}`, {
        code: 'nothing_counted',
        hint: "Is --etcd-prefix that of the API server? kube-apiserver's is /registry unless told.",
      });
    const shares = census.shares().map((share) => ({ ...share, values: BigInt(share.values) }));
    return service.reportEncryptionEvidence({ cluster, resources, shares }, as);
  });
  if (!found.isComplete) process.exitCode = exitCodes.no;
  show(found, options);
}

async function counted(resources: readonly string[], etcd: string, options: Options): Promise<Census> {
  if (!/^https?:\/\//.test(etcd) || !URL.canParse(etcd))
    throw new Complaint('--etcd is an http or https URL', { code: 'usage', exitCode: exitCodes.usage });
  using agent = await agentOf(options);
  using progress = showProgress();
  const census = new Census(options.etcdPrefix);
  let values = 0;
  for (const resource of resources) {
    const prefix = prefixOf(resource, options.etcdPrefix);
    // "/" + 1: all that begins with the prefix.
    const end = `${prefix.slice(0, -1)}0`;
    for (let from: string | undefined = prefix; from !== undefined; ) {
      const json = await range(etcd, agent.of, from, end);
      const last = takeRange(census, json);
      values += last === undefined ? 0 : pageSize;
      progress.at(`${resource}: about ${values} values`);
      from = last === undefined || !json.includes('"more":true') ? undefined : `${last}\0`;
    }
  }
  return census;
}

async function agentOf({ etcdCa, etcdCert, etcdKey }: Options) {
  const read = (path: string | undefined) => (path === undefined ? undefined : readFile(path));
  const [ca, cert, key] = await Promise.all([read(etcdCa), read(etcdCert), read(etcdKey)]);
  const agent = new Agent({ keepAlive: true, ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) });
  return { of: agent, [Symbol.dispose]: () => agent.destroy() };
}

/** A page of etcd's JSON gateway (etcd API v3, Range). */
function range(etcd: string, agent: Agent, from: string, end: string): Promise<string> {
  const body = JSON.stringify({ key: base64(from), range_end: base64(end), limit: pageSize });
  const url = new URL('/v3/kv/range', etcd);
  const isSecure = url.protocol === 'https:';
  const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
  const options = { method: 'POST', headers, timeout: 30_000, ...(isSecure && { agent }) };
  return new Promise((resolve, reject) => {
    const failed = (why: string) =>
      reject(new Complaint(`etcd does not answer: ${why}`, { code: 'etcd_unreachable', exitCode: exitCodes.failed }));
    const asked = (isSecure ? secure : plain)(url, options, (answer) => {
      text(answer).then(
        (json) => (answer.statusCode === 200 ? resolve(json) : failed(`status ${answer.statusCode}`)),
        (error: Error) => failed(error.message),
      );
    });
    asked.on('timeout', () => asked.destroy(new Error('it took too long')));
    asked.on('error', (error) => failed(error.message));
    asked.end(body);
  });
}

function base64(key: string): string {
  return Buffer.from(key).toString('base64');
}

function show(found: EncryptionEvidence, { json }: AskOptions): void {
  if (json) return print(toJson(EncryptionEvidenceSchema, found, { alwaysEmitImplicit: true }));
  if (!found.time) {
    process.stdout.write('Nothing was counted yet: give --etcd on a machine that reaches it\n');
    return;
  }
  const all = found.shares.reduce((sum, { values }) => sum + values, 0n);
  const rows = found.shares.map(({ resource, provider, kmsKeyId, values }) => [
    resource,
    provider === 'identity' ? 'in the clear' : provider,
    kmsKeyId || '-',
    String(values),
    `${((Number(values) / Number(all || 1n)) * 100).toFixed(1)} %`,
  ]);
  process.stdout.write(table(['RESOURCE', 'PROVIDER', 'KEY_ID', 'VALUES', 'SHARE'], rows));
  process.stdout.write(found.isComplete ? 'All are under the present key.\n' : 'Not all are under the present key.\n');
}

import { type MessageInitShape, toJson } from '@bufbuild/protobuf';
import {
  DriftAction,
  type PutSecretSyncRequestSchema,
  type SecretSync,
  SecretSyncSchema,
  SecretSyncService,
  SecretSyncState,
} from '@gabion/contracts/gabion/kms/v1/secret_syncs_pb';
import { allPages, askPlatform, type AskOptions as Options, print } from './asking.ts';
import { exitCodes } from './complaint.ts';
import { day, table } from './table.ts';

interface PutOptions extends Options {
  readonly cluster: string;
  readonly namespace: string;
  readonly name?: string;
  readonly type?: string;
  readonly key?: Readonly<Record<string, string>>;
  readonly onDrift: 'repair' | 'report';
  readonly everySeconds?: number;
  readonly adopt?: true;
}

/** Has a Secret of a cluster hold the current version of a secret. */
export async function putSync(path: string, options: PutOptions): Promise<void> {
  const { cluster, namespace, type = '', key, everySeconds = 0, adopt = false } = options;
  const name = options.name ?? path.replaceAll('/', '-').toLowerCase();
  const request: MessageInitShape<typeof PutSecretSyncRequestSchema> = {
    path,
    target: { cluster, namespace, name, type },
    keys: { ...key },
    onDrift: options.onDrift === 'report' ? DriftAction.REPORT : DriftAction.REPAIR,
    checkSeconds: everySeconds,
    adopt,
  };
  const sync = await askPlatform(options, ({ client, as }) => client(SecretSyncService).putSecretSync(request, as));
  if (options.json) return print(jsonOf(sync));
  process.stdout.write(`${sync.id}\n`);
}

/** Lists syncs; exit code 1 when one of them is not in step. */
export async function listSyncs(options: Options & { readonly cluster?: string; readonly of?: string }): Promise<void> {
  const asked = { pageSize: 500, cluster: options.cluster ?? '', path: options.of ?? '' };
  const found = await askPlatform(options, ({ client, as }) =>
    allPages(
      (pageToken) => client(SecretSyncService).listSecretSyncs({ ...asked, pageToken }, as),
      ({ syncs }) => syncs,
    ),
  );
  const isWrong = ({ state }: SecretSync) => state === SecretSyncState.FAILED || state === SecretSyncState.DRIFTED;
  if (found.some(isWrong)) process.exitCode = exitCodes.no;
  if (options.json) return print({ syncs: found.map(jsonOf) });
  if (found.length === 0) process.stdout.write('No secret is kept in a cluster: gabion secrets sync\n');
  else process.stdout.write(table(['ID', 'PATH', 'TARGET', 'VERSION', 'WRITTEN', 'STATE'], found.map(row)));
}

export async function checkSync(id: string, options: Options): Promise<void> {
  const sync = await askPlatform(options, ({ client, as }) => client(SecretSyncService).checkSecretSync({ id }, as));
  if (options.json) return print(jsonOf(sync));
  process.stdout.write('It is looked at now: gabion secrets syncs\n');
}

export async function deleteSync(id: string, options: Options & { readonly removeTarget?: true }): Promise<void> {
  const request = { id, removeTarget: options.removeTarget ?? false };
  await askPlatform(options, ({ client, as }) => client(SecretSyncService).deleteSecretSync(request, as));
  if (options.json) return print({ id });
  process.stdout.write(`${id} is gone${options.removeTarget ? ', and its Secret with it' : '; its Secret stays'}\n`);
}

function row({ id, path, target, version, writeTime, ...sync }: SecretSync): string[] {
  const at = target ? `${target.cluster}/${target.namespace}/${target.name}` : '';
  return [id, path, at, String(version), day(writeTime), stateOf(sync)];
}

function stateOf({ state, driftedKeys, errorMessage }: Pick<SecretSync, 'state' | 'driftedKeys' | 'errorMessage'>) {
  const name = (SecretSyncState[state] ?? '').toLowerCase();
  if (state === SecretSyncState.DRIFTED) return `${name}: ${driftedKeys.join(', ')}`;
  return errorMessage ? `${name}: ${errorMessage}` : name;
}

function jsonOf(sync: SecretSync) {
  return toJson(SecretSyncSchema, sync, { alwaysEmitImplicit: true });
}

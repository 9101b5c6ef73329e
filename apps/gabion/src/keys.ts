import { toJson } from '@bufbuild/protobuf';
import { durationFromMs } from '@bufbuild/protobuf/wkt';
import {
  type Key,
  KeySchema,
  KeyService,
  KeyState,
  ListKeyUsersResponseSchema,
  PublicKeySchema,
} from '@gabion/contracts/gabion/kms/v1/keys_pb';
import { allPages, askPlatform, type AskOptions as Options, print } from './asking.ts';
import { keyTypeName, keyTypeOf } from './key-type.ts';
import { day, table } from './table.ts';

const dayMs = 86_400_000;

export async function createKey(
  name: string,
  options: Options & { readonly type: string; readonly exportable?: true; readonly rotateEvery?: number },
): Promise<void> {
  const { type, exportable, rotateEvery } = options;
  const asked = {
    name,
    type: keyTypeOf(type),
    isExportable: exportable ?? false,
    ...(rotateEvery && { settings: { rotationPeriod: durationFromMs(rotateEvery * dayMs) } }),
  };
  show(await askPlatform(options, ({ client, as }) => client(KeyService).createKey(asked, as)), options);
}

/** Lists all keys, page by page. */
export async function listKeys(options: Options): Promise<void> {
  const found = await askPlatform(options, ({ client, as }) =>
    allPages(
      (pageToken) => client(KeyService).listKeys({ pageSize: 500, pageToken }, as),
      ({ keys }) => keys,
    ),
  );
  if (options.json) return print({ keys: found.map(jsonOf) });
  process.stdout.write(found.length === 0 ? 'There is no key: gabion keys create\n' : tableOf(found));
}

export async function showKey(key: string, options: Options): Promise<void> {
  show(await askPlatform(options, ({ client, as }) => client(KeyService).getKey({ key }, as)), options);
}

export async function rotateKey(key: string, options: Options): Promise<void> {
  show(await askPlatform(options, ({ client, as }) => client(KeyService).rotateKey({ key }, as)), options);
}

export async function disableKey(key: string, options: Options): Promise<void> {
  show(await askPlatform(options, ({ client, as }) => client(KeyService).disableKey({ key }, as)), options);
}

export async function enableKey(key: string, options: Options): Promise<void> {
  show(await askPlatform(options, ({ client, as }) => client(KeyService).enableKey({ key }, as)), options);
}

export async function listKeyUsers(key: string, options: Options): Promise<void> {
  const answer = await askPlatform(options, ({ client, as }) => client(KeyService).listKeyUsers({ key }, as));
  if (options.json) return print(toJson(ListKeyUsersResponseSchema, answer, { alwaysEmitImplicit: true }));
  const rows = answer.users.map(({ kind, name, versions, lastUseTime }) => [
    kind,
    name,
    versions.join(', ') || 'all',
    day(lastUseTime),
  ]);
  process.stdout.write(
    rows.length === 0 ? 'Nobody depends on it\n' : table(['KIND', 'NAME', 'VERSIONS', 'LAST USE'], rows),
  );
  const callers = answer.recentCallers.map(({ kind, name, lastUseTime }) => [kind, name, day(lastUseTime)]);
  if (callers.length > 0)
    process.stdout.write(`\nUsed in the last 90 days by\n${table(['KIND', 'NAME', 'LAST USE'], callers)}`);
}

export async function showPublicKey(key: string, options: Options): Promise<void> {
  const found = await askPlatform(options, ({ client, as }) => client(KeyService).getPublicKey({ key }, as));
  if (options.json) return print(toJson(PublicKeySchema, found, { alwaysEmitImplicit: true }));
  process.stdout.write(found.pem);
}

function show(key: Key, { json }: Options): void {
  if (json) print(jsonOf(key));
  else process.stdout.write(tableOf([key]));
}

function jsonOf(key: Key) {
  return toJson(KeySchema, key, { alwaysEmitImplicit: true });
}

function tableOf(keys: readonly Key[]): string {
  const rows = keys.map(({ name, type, state, primaryVersion, createTime, nextRotationTime, id }) => [
    name,
    keyTypeName(type),
    (KeyState[state] ?? 'unknown').toLowerCase().replaceAll('_', ' '),
    String(primaryVersion),
    day(createTime),
    day(nextRotationTime),
    id,
  ]);
  return table(['NAME', 'TYPE', 'STATE', 'VERSION', 'MADE', 'ROTATES', 'ID'], rows);
}

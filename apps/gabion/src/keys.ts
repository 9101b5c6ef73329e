import { toJson } from '@bufbuild/protobuf';
import { KeyService, ListKeyUsersResponseSchema, PublicKeySchema } from '@gabion/contracts/gabion/kms/v1/keys_pb';
import { allPages, askPlatform, type AskOptions as Options, print } from './asking.ts';
import { usage } from './key-input.ts';
import { type NewKeyOptions, newKey, type Settings, settingsOf } from './key-settings.ts';
import { details, jsonOf, show, tableOf } from './key-table.ts';
import { day, table } from './table.ts';

export async function createKey(name: string, options: NewKeyOptions): Promise<void> {
  const asked = newKey(name, options);
  show(await askPlatform(options, ({ client, as }) => client(KeyService).createKey(asked, as)), options);
}

/** Changes the settings that are told, and leaves the rest. */
export async function setKey(key: string, options: Options & Settings): Promise<void> {
  const { settings, fields } = settingsOf(options);
  if (fields.length === 0) throw usage('say what to change, for example --rotate-every 90');
  const asked = { key, settings, fields };
  show(await askPlatform(options, ({ client, as }) => client(KeyService).updateKey(asked, as)), options);
}

/** Lists all keys, page by page. */
export async function listKeys(
  options: Options & { readonly tenant?: string; readonly includeDestroyed?: true },
): Promise<void> {
  const { tenant = '', includeDestroyed = false } = options;
  const asked = { pageSize: 500, tenant, includeDestroyed };
  const found = await askPlatform(options, ({ client, as }) =>
    allPages(
      (pageToken) => client(KeyService).listKeys({ ...asked, pageToken }, as),
      ({ keys }) => keys,
    ),
  );
  if (options.json) return print({ keys: found.map(jsonOf) });
  process.stdout.write(found.length === 0 ? 'There is no key: gabion keys create\n' : tableOf(found));
}

export async function showKey(key: string, options: Options): Promise<void> {
  const found = await askPlatform(options, ({ client, as }) => client(KeyService).getKey({ key }, as));
  show(found, options);
  if (!options.json) process.stdout.write(details(found));
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

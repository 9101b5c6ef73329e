import { readFile } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import { type MessageInitShape, toJson } from '@bufbuild/protobuf';
import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import {
  type PutSecretRequestSchema,
  type Secret,
  SecretSchema,
  SecretService,
  SecretValueSchema,
} from '@gabion/contracts/gabion/kms/v1/secrets_pb';
import { allPages, askPlatform, type AskOptions as Options, print } from './asking.ts';
import { Complaint, exitCodes } from './complaint.ts';
import { day, table } from './table.ts';

interface PutOptions extends Options {
  readonly file?: Readonly<Record<string, string>>;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly expect?: number;
  readonly expireDays?: number;
  readonly maxVersions?: number;
}

const dayMs = 86_400_000;

/** Stores the next version: files under their names, or standard input under "value". */
export async function putSecret(path: string, options: PutOptions): Promise<void> {
  const { expect, expireDays, maxVersions, metadata } = options;
  const request: MessageInitShape<typeof PutSecretRequestSchema> = {
    path,
    data: await dataOf(options),
    ...(metadata && { metadata: { ...metadata } }),
    ...(expect !== undefined && { expectedVersion: expect }),
    ...(expireDays && { expireTime: timestampFromDate(new Date(Date.now() + expireDays * dayMs)) }),
    ...(maxVersions && { settings: { maxVersions } }),
  };
  show(await askPlatform(options, ({ client, as }) => client(SecretService).putSecret(request, as)), options);
}

/** Prints one value, byte for byte; with `--json` all of them in base64. */
export async function getSecret(
  path: string,
  { at: version = 0, name, ...options }: Options & { readonly at?: number; readonly name?: string },
): Promise<void> {
  const found = await askPlatform(options, ({ client, as }) => client(SecretService).readSecret({ path, version }, as));
  if (options.json) return print(toJson(SecretValueSchema, found, { alwaysEmitImplicit: true }));
  const names = Object.keys(found.data);
  const wanted = name ?? (names.length === 1 ? names[0] : undefined);
  const value = wanted === undefined ? undefined : found.data[wanted];
  if (value === undefined)
    throw new Complaint(`${path} has ${names.join(', ')}`, {
      code: 'name_needed',
      hint: 'Say which one with --name, or take all with --json.',
      exitCode: exitCodes.usage,
    });
  process.stdout.write(value);
}

export async function showSecret(path: string, options: Options): Promise<void> {
  show(await askPlatform(options, ({ client, as }) => client(SecretService).getSecret({ path }, as)), options);
}

/** Lists paths, page by page. */
export async function listSecrets(options: Options & { readonly below?: string }): Promise<void> {
  const asked = { pageSize: 500, below: options.below ?? '' };
  const found = await askPlatform(options, ({ client, as }) =>
    allPages(
      (pageToken) => client(SecretService).listSecrets({ ...asked, pageToken }, as),
      ({ secrets }) => secrets,
    ),
  );
  if (options.json) return print({ secrets: found.map(jsonOf) });
  const rows = found.map(({ path, currentVersion, createTime }) => [path, String(currentVersion), day(createTime)]);
  process.stdout.write(
    rows.length === 0 ? 'There is no secret: gabion secrets put\n' : table(['PATH', 'VERSION', 'MADE'], rows),
  );
}

type Versions = Options & { readonly versions?: readonly number[] };

export async function deleteSecret(path: string, options: Versions): Promise<void> {
  const request = { path, versions: [...(options.versions ?? [])] };
  const ask = askPlatform(options, ({ client, as }) => client(SecretService).deleteSecretVersions(request, as));
  show(await ask, options);
}

export async function undeleteSecret(path: string, options: Versions): Promise<void> {
  const request = { path, versions: [...(options.versions ?? [])] };
  const ask = askPlatform(options, ({ client, as }) => client(SecretService).undeleteSecretVersions(request, as));
  show(await ask, options);
}

/** Without versions, all of the secret, which has to be said. */
export async function destroySecret(path: string, options: Versions & { readonly all?: true }): Promise<void> {
  if ((options.versions === undefined) === (options.all === undefined))
    throw new Complaint('say which versions with --versions, or --all', { code: 'usage', exitCode: exitCodes.usage });
  const request = { path, versions: [...(options.versions ?? [])] };
  const ask = askPlatform(options, ({ client, as }) => client(SecretService).destroySecretVersions(request, as));
  const left = await ask;
  if (left.currentVersion > 0 || options.json) show(left, options);
  else process.stdout.write(`${path} is gone for good\n`);
}

async function dataOf({ file }: PutOptions): Promise<Record<string, Buffer>> {
  if (!file) return { value: await buffer(process.stdin) };
  const read = Object.entries(file).map(async ([name, path]) => {
    const content = await readFile(path).catch((cause) => {
      throw new Complaint(`${path} cannot be read`, { code: 'file_unreadable', cause });
    });
    return [name, content] as const;
  });
  return Object.fromEntries(await Promise.all(read));
}

function show(secret: Secret, { json }: Options): void {
  if (json) return print(jsonOf(secret));
  const rows = secret.versions.map(({ version, createTime, expireTime, deleteTime, isDestroyed }) => [
    String(version),
    isDestroyed ? 'destroyed' : deleteTime ? 'deleted' : version === secret.currentVersion ? 'current' : 'earlier',
    day(createTime),
    day(expireTime),
  ]);
  process.stdout.write(`${secret.path}\n${table(['VERSION', 'STATE', 'MADE', 'EXPIRES'], rows)}`);
}

function jsonOf(secret: Secret) {
  return toJson(SecretSchema, secret, { alwaysEmitImplicit: true });
}

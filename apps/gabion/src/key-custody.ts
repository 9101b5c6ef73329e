import { buffer } from 'node:stream/consumers';
import { toJson } from '@bufbuild/protobuf';
import { timestampDate } from '@bufbuild/protobuf/wkt';
import {
  BackUpKeyResponseSchema,
  CreateCertificateRequestResponseSchema,
  type Key,
  KeySchema,
  KeyService,
} from '@gabion/contracts/gabion/kms/v1/keys_pb';
import { askPlatform, type AskOptions as Options, print } from './asking.ts';

/** Begins the waiting time of a deletion. */
export async function deleteKey(key: string, options: Options & { readonly days: number }): Promise<void> {
  const request = { key, waitingDays: options.days };
  const found = await askPlatform(options, ({ client, as }) => client(KeyService).scheduleKeyDeletion(request, as));
  const when = found.destroyTime ? timestampDate(found.destroyTime).toISOString().slice(0, 10) : 'a while';
  tell(found, options, `${found.name} is destroyed on ${when}; until then: gabion keys keep ${found.name}`);
}

export async function keepKey(key: string, options: Options): Promise<void> {
  const found = await askPlatform(options, ({ client, as }) => client(KeyService).cancelKeyDeletion({ key }, as));
  tell(found, options, `${found.name} stays, disabled: gabion keys enable ${found.name}`);
}

export async function putAlias(alias: string, key: string, options: Options): Promise<void> {
  const found = await askPlatform(options, ({ client, as }) => client(KeyService).putAlias({ alias, key }, as));
  tell(found, options, `${alias} is ${found.name} now`);
}

/** Prints a certificate request, PEM. */
export async function certificateRequest(
  key: string,
  { subject, dns = [], ...options }: Options & { readonly subject: string; readonly dns?: readonly string[] },
): Promise<void> {
  const request = { key, subject, dnsNames: [...dns] };
  const ask = askPlatform(options, ({ client, as }) => client(KeyService).createCertificateRequest(request, as));
  const answer = await ask;
  if (options.json) return print(toJson(CreateCertificateRequestResponseSchema, answer));
  process.stdout.write(answer.pem);
}

/** Prints a backup, which only this platform, or one with its root key, restores. */
export async function backUpKey(key: string, options: Options): Promise<void> {
  const answer = await askPlatform(options, ({ client, as }) => client(KeyService).backUpKey({ key }, as));
  if (options.json) return print(toJson(BackUpKeyResponseSchema, answer));
  process.stdout.write(answer.backup);
}

/** Restores a key from standard input. */
export async function restoreKey(options: Options): Promise<void> {
  const backup = await buffer(process.stdin);
  const found = await askPlatform(options, ({ client, as }) => client(KeyService).restoreKey({ backup }, as));
  tell(found, options, `${found.name} is back with ${found.versions.length} versions`);
}

function tell(key: Key, { json }: Options, sentence: string): void {
  if (json) print(toJson(KeySchema, key, { alwaysEmitImplicit: true }));
  else process.stdout.write(`${sentence}\n`);
}

import { toJson } from '@bufbuild/protobuf';
import {
  CryptoService,
  DeriveResponseSchema,
  GenerateDataKeyResponseSchema,
  GetRandomResponseSchema,
} from '@gabion/contracts/gabion/kms/v1/operations_pb';
import { askPlatform, type AskOptions as Options, print } from './asking.ts';
import { base64Of } from './base64.ts';
import { publicKeyFrom } from './public-key-file.ts';

type Format = 'base64' | 'hex';

interface Wanted extends Options {
  readonly bytes: number;
  readonly context?: Record<string, string>;
}

/** Prints a data key and, below it, its ciphertext; or the ciphertext alone. */
export async function dataKey(key: string, options: Wanted & { readonly withoutPlaintext?: true }): Promise<void> {
  const { bytes, context = {}, withoutPlaintext = false } = options;
  const asked = { key, bytes, context, withoutPlaintext };
  const answer = await askPlatform(options, ({ client, as }) => client(CryptoService).generateDataKey(asked, as));
  if (options.json) return print(toJson(GenerateDataKeyResponseSchema, answer, { alwaysEmitImplicit: true }));
  if (!withoutPlaintext) process.stdout.write(`${base64Of(answer.plaintext)}\n`);
  process.stdout.write(`${base64Of(answer.ciphertext)}\n`);
}

/** Prints bytes that the key gives for a context, always the same. */
export async function derive(
  key: string,
  options: Wanted & { readonly format: Format; readonly peer?: string; readonly at?: number },
): Promise<void> {
  const { bytes, context = {}, at: version = 0, peer } = options;
  const peerPublicKeyPem = peer === undefined ? '' : await publicKeyFrom(peer);
  const asked = { key, bytes, context, version, peerPublicKeyPem };
  const answer = await askPlatform(options, ({ client, as }) => client(CryptoService).derive(asked, as));
  if (options.json) return print(toJson(DeriveResponseSchema, answer, { alwaysEmitImplicit: true }));
  process.stdout.write(`${Buffer.from(answer.derived).toString(options.format)}\n`);
}

/** Prints random bytes. */
export async function random(bytes: number, options: Options & { readonly format: Format }): Promise<void> {
  const answer = await askPlatform(options, ({ client, as }) => client(CryptoService).getRandom({ bytes }, as));
  if (options.json) return print(toJson(GetRandomResponseSchema, answer, { alwaysEmitImplicit: true }));
  process.stdout.write(`${Buffer.from(answer.random).toString(options.format)}\n`);
}

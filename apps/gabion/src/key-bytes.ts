import { toJson } from '@bufbuild/protobuf';
import {
  CryptoService,
  DeriveResponseSchema,
  GenerateDataKeyResponseSchema,
  GetRandomResponseSchema,
} from '@gabion/contracts/gabion/kms/v1/operations_pb';
import { KeyError } from '@gabion/keys/key-error';
import { publicKeyIn } from '@gabion/keys/public-key';
import { askPlatform, type AskOptions as Options, print } from './asking.ts';
import { base64Of } from './base64.ts';
import { contentOf, nameOf, usage } from './key-input.ts';

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
  const peerPublicKeyPem = peer === undefined ? '' : await publicKeyOf(peer);
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

/** A public key from a file, PEM, as it is sent. */
export async function publicKeyOf(file: string): Promise<string> {
  const pem = (await contentOf(file)).toString('latin1').replaceAll('\r\n', '\n').trimStart();
  try {
    publicKeyIn(pem);
    return pem;
  } catch (error) {
    if (!(error instanceof KeyError)) throw error;
    throw usage(`${nameOf(file)} holds no public key in PEM (-----BEGIN PUBLIC KEY-----)`);
  }
}

import { toJson } from '@bufbuild/protobuf';
import {
  CryptoService,
  DecryptResponseSchema,
  EncryptResponseSchema,
} from '@gabion/contracts/gabion/kms/v1/operations_pb';
import { askPlatform, type AskOptions as Options, print } from './asking.ts';
import { base64In, base64Of } from './base64.ts';
import { contentOf, messageIn, usage } from './key-input.ts';

interface Contextual extends Options {
  readonly context?: Record<string, string>;
}

/** Encrypts standard input. */
export async function encrypt(key: string, options: Contextual): Promise<void> {
  const plaintext = await messageIn(undefined, 'Encrypt it with a data key: gabion keys data-key.');
  const asked = { key, plaintext, context: options.context ?? {} };
  const answer = await askPlatform(options, ({ client, as }) => client(CryptoService).encrypt(asked, as));
  if (options.json) return print(toJson(EncryptResponseSchema, answer, { alwaysEmitImplicit: true }));
  process.stdout.write(`${base64Of(answer.ciphertext)}\n`);
}

/** Decrypts what `encrypt` printed, byte for byte. */
export async function decrypt(options: Contextual): Promise<void> {
  const ciphertext = base64In((await contentOf(undefined)).toString('latin1'));
  if (!ciphertext?.length) throw usage('standard input holds no ciphertext in base64');
  const asked = { ciphertext, context: options.context ?? {} };
  const answer = await askPlatform(options, ({ client, as }) => client(CryptoService).decrypt(asked, as));
  if (options.json) return print(toJson(DecryptResponseSchema, answer, { alwaysEmitImplicit: true }));
  process.stdout.write(answer.plaintext);
}

import { toJson } from '@bufbuild/protobuf';
import {
  CryptoService,
  SignatureEncoding,
  SignResponseSchema,
  VerifyResponseSchema,
} from '@gabion/contracts/gabion/kms/v1/operations_pb';
import { askPlatform, type AskOptions as Options, print } from './asking.ts';
import { base64Of } from './base64.ts';
import { exitCodes } from './complaint.ts';
import { signatureAlgorithmOf } from './key-algorithm.ts';
import { bytesGiven, contentOf, messageIn, nameOf, usage } from './key-input.ts';

/** Digests that are signed, with their bytes. */
const digestBytes: Readonly<Record<string, number>> = { sha256: 32, sha384: 48, sha512: 64 };

interface Signing extends Options {
  readonly file?: string;
  readonly digest?: string;
  readonly algorithm?: string;
  readonly encoding?: string;
  readonly at?: number;
}

/** Signs standard input or a file. */
export async function sign(key: string, options: Signing): Promise<void> {
  const request = { key, ...manner(options), input: await inputOf(options) };
  const answer = await askPlatform(options, ({ client, as }) => client(CryptoService).sign(request, as));
  if (options.json) return print(toJson(SignResponseSchema, answer, { alwaysEmitImplicit: true }));
  process.stdout.write(`${base64Of(answer.signature)}\n`);
}

/** Says whether a signature is the key's. */
export async function verify(key: string, options: Signing & { readonly signature: string }): Promise<void> {
  assertOneInput(options.signature, options.file, 'signature');
  const signature = await bytesGiven(options.signature, 'signature');
  const request = { key, signature, ...manner(options), input: await inputOf(options) };
  const answer = await askPlatform(options, ({ client, as }) => client(CryptoService).verify(request, as));
  if (!answer.isValid) process.exitCode = exitCodes.no;
  if (options.json) return print(toJson(VerifyResponseSchema, answer, { alwaysEmitImplicit: true }));
  process.stdout.write(answer.isValid ? 'valid\n' : 'not valid\n');
}

/** Standard input can be one of the two only. */
export function assertOneInput(given: string, file: string | undefined, what: string): void {
  if (given === '-' && (file === undefined || file === '-'))
    throw usage(`standard input cannot be the ${what} and the message`, 'Name the message with --file.');
}

function manner({ algorithm, encoding, at: version = 0, digest }: Signing) {
  if (digest && algorithm && !algorithm.endsWith(`-${digest}`))
    throw usage(`${algorithm} does not sign a digest of ${digest}`);
  return {
    algorithm: signatureAlgorithmOf(algorithm),
    encoding: encoding === 'ieee-p1363' ? SignatureEncoding.P1363 : SignatureEncoding.UNSPECIFIED,
    version,
  };
}

async function inputOf({ file, digest }: Signing) {
  if (!digest) {
    const value = await messageIn(file, 'Sign its digest: --digest sha256.');
    return { case: 'message' as const, value };
  }
  return { case: 'digest' as const, value: digestIn(await contentOf(file), digest, nameOf(file)) };
}

/** A digest as bytes, or in hexadecimal as `sha256sum` prints it, the file's name behind it. */
function digestIn(content: Buffer, digest: string, where: string): Buffer {
  const length = digestBytes[digest] ?? 0;
  const [hex] = /^[0-9a-f]{64,128}(?=\s|$)/i.exec(content.toString('latin1', 0, 4096)) ?? [];
  if (hex?.length === 2 * length) return Buffer.from(hex, 'hex');
  if (hex === undefined && content.length === length) return content;
  throw usage(
    `${where} holds no digest of ${digest}: that is ${length} bytes, or as many in hexadecimal`,
    `For example: ${digest}sum FILE | gabion keys sign KEY --digest ${digest}`,
  );
}

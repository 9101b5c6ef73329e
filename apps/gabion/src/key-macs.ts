import { toJson } from '@bufbuild/protobuf';
import {
  CryptoService,
  MacResponseSchema,
  VerifyMacResponseSchema,
} from '@gabion/contracts/gabion/kms/v1/operations_pb';
import { askPlatform, type AskOptions as Options, print } from './asking.ts';
import { base64Of } from './base64.ts';
import { exitCodes } from './complaint.ts';
import { macAlgorithmOf } from './key-algorithm.ts';
import { bytesGiven, messageIn } from './key-input.ts';
import { assertOneInput } from './key-signing.ts';

interface MacOptions extends Options {
  readonly file?: string;
  readonly algorithm?: string;
  readonly at?: number;
}

/** Prints the MAC of standard input or a file. */
export async function mac(key: string, options: MacOptions): Promise<void> {
  const request = { key, message: await messageIn(options.file), ...manner(options) };
  const answer = await askPlatform(options, ({ client, as }) => client(CryptoService).mac(request, as));
  if (options.json) return print(toJson(MacResponseSchema, answer, { alwaysEmitImplicit: true }));
  process.stdout.write(`${base64Of(answer.mac)}\n`);
}

/** Says whether a MAC is the key's. */
export async function verifyMac(key: string, options: MacOptions & { readonly mac: string }): Promise<void> {
  assertOneInput(options.mac, options.file, 'MAC');
  const given = await bytesGiven(options.mac, 'MAC');
  const request = { key, mac: given, message: await messageIn(options.file), ...manner(options) };
  const answer = await askPlatform(options, ({ client, as }) => client(CryptoService).verifyMac(request, as));
  if (!answer.isValid) process.exitCode = exitCodes.no;
  if (options.json) return print(toJson(VerifyMacResponseSchema, answer, { alwaysEmitImplicit: true }));
  process.stdout.write(answer.isValid ? 'valid\n' : 'not valid\n');
}

function manner({ algorithm, at: version = 0 }: MacOptions) {
  return { algorithm: macAlgorithmOf(algorithm), version };
}

import { toJson } from '@bufbuild/protobuf';
import {
  type CiphertextResult,
  CiphertextResultSchema,
  CryptoService,
  type ItemError,
  type PlaintextResult,
  PlaintextResultSchema,
} from '@gabion/contracts/gabion/kms/v1/operations_pb';
import { askPlatform, type AskOptions as Options, print } from './asking.ts';
import { base64In, base64Of } from './base64.ts';
import { exitCodes } from './complaint.ts';
import { contentOf, usage } from './key-input.ts';
import type { Reach } from './reach.ts';

interface Contextual extends Options {
  readonly context?: Record<string, string>;
}

type Result = CiphertextResult | PlaintextResult;
type Ask = (platform: Reach, batch: readonly Buffer[]) => Promise<{ readonly results: readonly Result[] }>;

/** Of one call: the contract allows so many items, and the gateway messages of 4 MiB. */
const most = { items: 1000, bytes: 2 * 1024 * 1024 };
/** Lines named on standard error; the rest are counted. */
const namedLines = 10;

/** Encrypts each line of standard input, a plaintext in base64. */
export async function encryptLines(key: string, options: Contextual): Promise<void> {
  const { context = {} } = options;
  await eachLine(options, { isEmptyAllowed: true }, ({ client, as }, batch) =>
    client(CryptoService).encryptBatch({ key, items: batch.map((plaintext) => ({ plaintext, context })) }, as),
  );
}

/** Decrypts each line of standard input, a ciphertext in base64. */
export async function decryptLines(options: Contextual): Promise<void> {
  const { context = {} } = options;
  await eachLine(options, { isEmptyAllowed: false }, ({ client, as }, batch) =>
    client(CryptoService).decryptBatch({ items: batch.map((ciphertext) => ({ ciphertext, context })) }, as),
  );
}

/** Closes each line of standard input, a ciphertext in base64, again with the key's present version. */
export async function rewrapLines(key: string, options: Contextual): Promise<void> {
  const { context = {} } = options;
  await eachLine(options, { isEmptyAllowed: false }, ({ client, as }, batch) =>
    client(CryptoService).rewrap({ key, items: batch.map((ciphertext) => ({ ciphertext, context })) }, as),
  );
}

/** Prints a line for each line in its order; an empty one for what was refused, which standard error tells of. */
async function eachLine(
  options: Contextual,
  { isEmptyAllowed }: { readonly isEmptyAllowed: boolean },
  ask: Ask,
): Promise<void> {
  const items = itemsIn((await contentOf(undefined)).toString('latin1'), isEmptyAllowed);
  const contextBytes = Buffer.byteLength(JSON.stringify(options.context ?? {}));
  const results: Result[] = [];
  await askPlatform(options, async (platform) => {
    for (const batch of batches(items, contextBytes)) {
      const answer = await ask(platform, batch);
      results.push(...answer.results);
      if (!options.json) process.stdout.write(answer.results.map((each) => `${lineOf(each)}\n`).join(''));
    }
  });
  if (options.json) print({ results: results.map(jsonOf) });
  tellRefused(results);
}

function itemsIn(text: string, isEmptyAllowed: boolean): Buffer[] {
  const lines = text.replace(/\r?\n$/, '').split(/\r?\n/);
  if (text === '') throw usage('standard input is empty', 'Give base64, one a line.');
  return lines.map((line, at) => {
    const item = base64In(line);
    if (!item) throw usage(`line ${at + 1} of standard input is no base64`);
    if (item.length === 0 && !isEmptyAllowed) throw usage(`line ${at + 1} of standard input is empty`);
    return item;
  });
}

function* batches(items: readonly Buffer[], contextBytes: number): Iterable<Buffer[]> {
  let batch: Buffer[] = [];
  let bytes = 0;
  for (const item of items) {
    const size = item.length + contextBytes;
    if (batch.length > 0 && (batch.length === most.items || bytes + size > most.bytes)) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(item);
    bytes += size;
  }
  yield batch;
}

function lineOf({ result }: Result): string {
  return result.case === 'ciphertext' || result.case === 'plaintext' ? base64Of(result.value) : '';
}

function tellRefused(results: readonly Result[]): void {
  const refused = results.flatMap(({ result }, at) =>
    result.case === 'error' ? [sentence(at + 1, result.value)] : [],
  );
  if (refused.length === 0) return;
  process.exitCode = exitCodes.usage;
  const more = refused.length > namedLines ? [`and ${refused.length - namedLines} lines more`] : [];
  process.stderr.write([...refused.slice(0, namedLines), ...more].map((each) => `gabion: ${each}\n`).join(''));
}

function sentence(line: number, { code, message }: ItemError): string {
  return `line ${line}: ${message} [${code}]`;
}

function jsonOf(each: Result) {
  const form = { alwaysEmitImplicit: true };
  return each.$typeName === 'gabion.kms.v1.CiphertextResult'
    ? toJson(CiphertextResultSchema, each, form)
    : toJson(PlaintextResultSchema, each, form);
}

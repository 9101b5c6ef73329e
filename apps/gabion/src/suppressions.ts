import { readFile } from 'node:fs/promises';
import { toJson } from '@bufbuild/protobuf';
import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import { ExceptionSchema, ExceptionService, VexDocumentSchema } from '@gabion/contracts/gabion/scan/v1/exceptions_pb';
import { print } from './asking.ts';
import { scannerFor } from './solo-scanner.ts';
import { day, table } from './table.ts';

interface Answering {
  readonly data?: string;
  readonly json?: true;
}

/** What an exception is about, and who answers for it. */
interface ExceptionOptions extends Answering {
  readonly owner: string;
  readonly reason: string;
  readonly expires: Date;
  readonly vulnerability?: string;
  readonly purl?: string;
  readonly rule?: string;
  readonly finding?: string;
  readonly path?: string;
  readonly image?: string;
}

function written(json: object, text: string, options: Answering): void {
  if (options.json) print(json);
  else process.stdout.write(text);
}

/** Takes VEX documents: their statements count for every image from then on. */
export async function importVex(files: readonly string[], options: Answering): Promise<void> {
  const documents = await Promise.all(files.map((file) => readFile(file, 'utf8')));
  await using scanner = await scannerFor(options.data);
  for (const document of documents) {
    const taken = await scanner.client(ExceptionService).importVex({ document }, scanner.as);
    const text = `${taken.documentId}: ${taken.statementCount} statements of ${taken.author || 'nobody named'} [${taken.id}]\n`;
    written(toJson(VexDocumentSchema, taken) as object, text, options);
  }
}

/** Lists the VEX documents that are in force. */
export async function listVex(options: Answering): Promise<void> {
  await using scanner = await scannerFor(options.data);
  const { documents } = await scanner.client(ExceptionService).listVexDocuments({}, scanner.as);
  const rows = documents.map((each) => [
    each.id,
    each.format,
    String(each.statementCount),
    each.author,
    day(each.importTime),
    each.documentId,
  ]);
  const json = { documents: documents.map((each) => toJson(VexDocumentSchema, each)) };
  written(json, table(['ID', 'FORMAT', 'STATEMENTS', 'AUTHOR', 'IMPORTED', 'DOCUMENT'], rows), options);
}

/** Removes a VEX document: what it hid counts again. */
export async function removeVex(id: string, options: Answering): Promise<void> {
  await using scanner = await scannerFor(options.data);
  await scanner.client(ExceptionService).deleteVexDocument({ id }, scanner.as);
  written({}, `removed ${id}\n`, options);
}

/** Accepts a risk until a day, with a name and a reason. */
export async function addException(options: ExceptionOptions): Promise<void> {
  const { owner, reason, expires, vulnerability, purl, rule, finding, path, image } = options;
  const exception = {
    owner,
    reason,
    expireTime: timestampFromDate(expires),
    vulnerabilityId: vulnerability ?? '',
    purl: purl ?? '',
    ruleId: rule ?? '',
    findingId: finding ?? '',
    path: path ?? '',
    image: image ?? '',
  };
  await using scanner = await scannerFor(options.data);
  const made = await scanner.client(ExceptionService).createException({ exception }, scanner.as);
  written(toJson(ExceptionSchema, made) as object, `${made.id} until ${day(made.expireTime)}\n`, options);
}

/** Lists exceptions. */
export async function listExceptions(options: Answering & { readonly all?: true }): Promise<void> {
  await using scanner = await scannerFor(options.data);
  const request = { includeExpired: options.all ?? false };
  const { exceptions } = await scanner.client(ExceptionService).listExceptions(request, scanner.as);
  const rows = exceptions.map((each) => [
    each.id,
    [each.vulnerabilityId, each.purl, each.ruleId, each.findingId, each.path].filter(Boolean).join(' '),
    each.image || '-',
    each.expired ? 'expired' : day(each.expireTime),
    each.owner,
    each.reason,
  ]);
  const json = { exceptions: exceptions.map((each) => toJson(ExceptionSchema, each)) };
  written(json, table(['ID', 'ABOUT', 'IMAGE', 'UNTIL', 'OWNER', 'REASON'], rows), options);
}

/** Removes an exception: what it hid counts again. */
export async function removeException(id: string, options: Answering): Promise<void> {
  await using scanner = await scannerFor(options.data);
  await scanner.client(ExceptionService).deleteException({ id }, scanner.as);
  written({}, `removed ${id}\n`, options);
}

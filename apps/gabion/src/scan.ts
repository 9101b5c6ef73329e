import { readFile, writeFile } from 'node:fs/promises';
import { type JsonValue, type MessageInitShape, toJson } from '@bufbuild/protobuf';
import { durationFromMs } from '@bufbuild/protobuf/wkt';
import {
  type Finding,
  type FindingFilterSchema,
  FindingKind,
  FindingSchema,
  ReportFormat,
  type Scan,
  ScanSchema,
  ScanService,
} from '@gabion/contracts/gabion/scan/v1/scans_pb';
import type { ReportFormat as FormatName } from '@gabion/reports/render';
import type { ScanResult } from '@gabion/reports/scan-result';
import { allPages } from './asking.ts';
import { Complaint, exitCodes } from './complaint.ts';
import type { Reach } from './reach.ts';
import { rendered } from './scan-report.ts';
import { aimAt, scansOf, type TargetOptions } from './scanning.ts';
import { isAtLeast, type SeverityName } from './severity.ts';
import { scannerFor } from './solo-scanner.ts';

/** Words for the kinds of findings. */
export const kindNames = {
  vuln: FindingKind.VULNERABILITY,
  secret: FindingKind.SECRET,
  malware: FindingKind.MALWARE,
  config: FindingKind.CONFIGURATION,
  licence: FindingKind.LICENCE,
} as const;
export type KindName = keyof typeof kindNames;

export interface ScanOptions extends TargetOptions {
  readonly format: Exclude<FormatName, 'spdx-tag-value'>;
  readonly formatVersion?: string;
  readonly json?: true;
  readonly output?: string;
  readonly failOn?: SeverityName;
  readonly only?: readonly KindName[];
  readonly ignoreUnfixed?: true;
  readonly gracePeriod?: number;
  readonly vex?: readonly string[];
  readonly showSuppressed?: true;
}

/** Scans a target and tells what was found; exit code 1 when something that counts is as bad as `--fail-on` or worse. */
export async function scan(asked: string, options: ScanOptions): Promise<void> {
  const format = options.json ? 'json' : options.format;
  const kinds = (options.only ?? []).map((name) => kindNames[name]);
  const aim = await aimAt(asked, options);
  await using scanner = await scannerFor(options.data);
  const scans = await scansOf(scanner, aim, options, kinds);
  if (scans.length > 1 && !['json', 'table', 'markdown'].includes(format))
    throw new Complaint(`${format} is of one image`, { code: 'usage', hint: 'Name one platform with --platform.' });
  const answers = [];
  for (const each of scans) answers.push(await answerOf(scanner, each, filterOf(options, kinds), options));
  const texts =
    format === 'json' ? [machineText(answers)] : await Promise.all(answers.map((each) => textOf(each, options)));
  const text = texts.join('\n');
  if (options.output) await writeFile(options.output, text);
  else process.stdout.write(text);
  const standing = answers.flatMap(({ result }) => result.findings.filter(({ suppressedBy }) => !suppressedBy));
  const { failOn } = options;
  if (failOn && standing.some(({ severity }) => isAtLeast(severity, failOn))) process.exitCode = exitCodes.no;
}

type Filter = Omit<MessageInitShape<typeof FindingFilterSchema>, '$typeName' | '$unknown'>;

function filterOf({ ignoreUnfixed, gracePeriod }: ScanOptions, kinds: readonly FindingKind[]): Filter {
  return {
    kinds: [...kinds],
    fixableOnly: ignoreUnfixed ?? false,
    includeSuppressed: true,
    ...(gracePeriod && { gracePeriod: durationFromMs(gracePeriod) }),
  };
}

/** A scan as the contract has it, and as reports are made of it. */
interface Answer {
  readonly scan: Scan;
  readonly findings: readonly Finding[];
  readonly result: ScanResult;
}

async function answerOf(scanner: Reach, scan: Scan, filter: Filter, options: ScanOptions): Promise<Answer> {
  const told = await resultOf(scanner, scan.id, filter);
  const result = options.vex ? await withStatements(told, options.vex) : told;
  const isJson = options.json ?? options.format === 'json';
  const findings = isJson ? await findingsOf(scanner, scan.id, filter) : [];
  const hidden = new Set(result.findings.flatMap(({ id, suppressedBy }) => (suppressedBy ? [id] : [])));
  return { scan, result, findings: findings.filter(({ id }) => options.showSuppressed || !hidden.has(id)) };
}

async function resultOf(scanner: Reach, scanId: string, filter: Filter): Promise<ScanResult> {
  const request = { scanId, format: ReportFormat.JSON, filter };
  const chunks = await Array.fromAsync(scanner.client(ScanService).getReport(request, scanner.as));
  return JSON.parse(Buffer.concat(chunks.map(({ data }) => data)).toString()) as ScanResult;
}

/** The statements of files count for this answer alone; what the service suppresses stays so. */
async function withStatements(result: ScanResult, files: readonly string[]): Promise<ScanResult> {
  const [{ readVex }, { suppressed }] = await Promise.all([
    import('@gabion/vex/read'),
    import('@gabion/reports/suppress'),
  ]);
  const documents = await Promise.all(files.map(async (file) => readVex(await readFile(file))));
  const statements = documents.flatMap((document) => document.statements);
  const { findings } = suppressed(result, { statements, exceptions: [], view: {}, now: new Date() });
  return { ...result, findings: result.findings.map((each, index) => (each.suppressedBy ? each : findings[index]!)) };
}

function textOf({ result }: Answer, { format, formatVersion, showSuppressed }: ScanOptions): Promise<string> {
  const more = { ...(formatVersion && { formatVersion }), includeSuppressed: showSuppressed ?? false };
  return rendered(result, format, more, process.stdout);
}

async function findingsOf(scanner: Reach, scanId: string, filter: Filter): Promise<Finding[]> {
  const scans = scanner.client(ScanService);
  return allPages(
    (pageToken) => scans.listFindings({ scanId, pageSize: 1000, pageToken, filter }, scanner.as),
    ({ findings }) => findings,
  );
}

/** The contract's own JSON forms: `scan` is a gabion.scan.v1.Scan and `findings` are gabion.scan.v1.Finding, worst first. */
function machineText(answers: readonly Answer[]): string {
  const told = answers.map(
    ({ scan, findings }): Record<string, JsonValue> => ({
      scan: toJson(ScanSchema, scan, { alwaysEmitImplicit: true }),
      findings: findings.map((each) => toJson(FindingSchema, each, { alwaysEmitImplicit: true })),
    }),
  );
  return `${JSON.stringify(told.length === 1 ? told[0] : told, null, 2)}\n`;
}

import { randomUUID } from 'node:crypto';
import { text } from 'node:stream/consumers';
import type { MessageInitShape } from '@bufbuild/protobuf';
import { type JsonValue, toJson } from '@bufbuild/protobuf';
import type { CreateScanRequestSchema } from '@gabion/contracts/gabion/scan/v1/scans_pb';
import {
  type CreateScanRequest,
  type Finding,
  FindingSchema,
  type Scan,
  ScanSchema,
  ScanService,
  ScanState,
} from '@gabion/contracts/gabion/scan/v1/scans_pb';
import { Complaint, exitCodes, hintFor } from './complaint.ts';
import { fileChunks, tarChunks } from './local-files.ts';
import { type Progress, showProgress } from './progress.ts';
import type { Reach } from './reach.ts';
import { report } from './scan-report.ts';
import { type ScanTarget, scanTarget } from './scan-target.ts';
import { countFrom, type SeverityName } from './severity.ts';
import { scannerFor } from './solo-scanner.ts';

export interface ScanOptions {
  readonly data?: string;
  readonly format: 'table' | 'json';
  readonly json?: true;
  readonly failOn?: SeverityName;
  readonly platform?: string;
  readonly plainHttp?: true;
  readonly username?: string;
  readonly passwordStdin?: true;
}

/** Scans an image and tells what was found; exit code 1 when something is as bad as `--fail-on` or worse. */
export async function scan(asked: string, options: ScanOptions): Promise<void> {
  const target = await scanTarget(asked);
  const credentials = await credentialsFrom(options);
  await using scanner = await scannerFor(options.data);
  const ended = await scanned(scanner, target, options, credentials);
  const findings = await findingsOf(scanner, ended.id);
  const asJson = options.json ?? options.format === 'json';
  process.stdout.write(asJson ? machineText(ended, findings) : report(ended, findings, process.stdout));
  if (options.failOn && countFrom(ended.severityCounts, options.failOn) > 0) process.exitCode = exitCodes.no;
}

type Credentials = NonNullable<MessageInitShape<typeof CreateScanRequestSchema>['credentials']>;

async function credentialsFrom({ username, passwordStdin }: ScanOptions): Promise<Credentials | undefined> {
  if (username === undefined && !passwordStdin) return undefined;
  if (username === undefined || !passwordStdin)
    throw new Complaint('--username and --password-stdin go together', {
      code: 'usage',
      hint: 'echo "$PASSWORD" | gabion scan --username NAME --password-stdin TARGET',
    });
  if (process.stdin.isTTY) process.stderr.write('Password: ');
  return { username, password: (await text(process.stdin)).replace(/\r?\n$/, '') };
}

async function scanned(
  scanner: Reach,
  target: ScanTarget,
  { platform = '', plainHttp }: ScanOptions,
  credentials: Credentials | undefined,
): Promise<Scan> {
  using progress = showProgress();
  const scans = scanner.client(ScanService);
  const image = await imageFor(scanner, target, progress);
  const request = { target: image, platform, plainHttp: plainHttp ?? false, ...(credentials && { credentials }) };
  const created = await scans.createScan(request, { ...scanner.as, idempotencyKey: randomUUID() });
  let latest = created;
  for await (const change of scans.watchScan({ id: created.id }, scanner.as)) {
    latest = change;
    progress.at(progressText(change));
  }
  if (latest.state === ScanState.SUCCEEDED) return latest;
  throw failed(latest);
}

async function imageFor(
  scanner: Reach,
  target: ScanTarget,
  progress: Progress,
): Promise<NonNullable<CreateScanRequest['target']>> {
  if (target.kind === 'registry') return { case: 'image', value: target.reference };
  const uploaded = await scanner.client(ScanService).uploadImage(uploadRequests(target, progress), scanner.as);
  return { case: 'uploadId', value: uploaded.uploadId };
}

async function* uploadRequests(target: ScanTarget & { kind: 'files' }, progress: Progress) {
  const { path, format, isDirectory, bytes } = target;
  yield { part: { case: 'header' as const, value: { name: path, format } } };
  let sent = 0;
  for await (const value of isDirectory ? tarChunks(path) : fileChunks(path)) {
    sent += value.length;
    progress.at(`uploading ${path}: ${megabytes(sent)}${bytes > 0 ? ` of ${megabytes(bytes)}` : ''} MB…`);
    yield { part: { case: 'chunk' as const, value } };
  }
}

function progressText({ state, target, progress }: Scan): string {
  if (state === ScanState.QUEUED) return `${target}: waiting for its turn…`;
  if (!progress || progress.layersTotal === 0) return `${target}: reading the manifest…`;
  const { layersDone, layersTotal, bytesDone, bytesTotal } = progress;
  const bytes = bytesTotal > 0n ? `, ${megabytes(Number(bytesDone))} of ${megabytes(Number(bytesTotal))} MB` : '';
  return `${target}: layer ${Math.min(layersDone + 1, layersTotal)} of ${layersTotal}${bytes}…`;
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1);
}

function failed({ target, error }: Scan): Complaint {
  const code = error?.code || 'scan_failed';
  const isOurs = ['internal', 'unavailable', 'deadline_exceeded', 'scan_failed', 'disk_full'].includes(code);
  const hint = hintFor(code);
  return new Complaint(`the scan of ${target} failed: ${error?.message || 'no reason was given'}`, {
    code,
    ...(hint && { hint }),
    exitCode: isOurs ? exitCodes.failed : exitCodes.usage,
  });
}

async function findingsOf(scanner: Reach, scanId: string): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (let pageToken = ''; ; ) {
    const page = await scanner.client(ScanService).listFindings({ scanId, pageSize: 1000, pageToken }, scanner.as);
    findings.push(...page.findings);
    pageToken = page.nextPageToken;
    if (!pageToken) return findings;
  }
}

/** The contract's own JSON forms: `scan` is a gabion.scan.v1.Scan and `findings` are gabion.scan.v1.Finding, worst first. */
function machineText(ended: Scan, findings: readonly Finding[]): string {
  const answer: Record<string, JsonValue> = {
    scan: toJson(ScanSchema, ended, { alwaysEmitImplicit: true }),
    findings: findings.map((each) => toJson(FindingSchema, each, { alwaysEmitImplicit: true })),
  };
  return `${JSON.stringify(answer, null, 2)}\n`;
}

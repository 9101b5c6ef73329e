import { randomUUID } from 'node:crypto';
import { text } from 'node:stream/consumers';
import type { MessageInitShape } from '@bufbuild/protobuf';
import {
  type CreateScanRequest,
  type CreateScanRequestSchema,
  type FindingKind,
  ImageFormat,
  type Scan,
  ScanService,
  ScanState,
} from '@gabion/contracts/gabion/scan/v1/scans_pb';
import { Complaint, exitCodes, hintFor } from './complaint.ts';
import { fileChunks, tarChunks } from './local-files.ts';
import { type Progress, showProgress } from './progress.ts';
import type { Reach } from './reach.ts';
import { type ScanTarget, scanTarget, type TargetWord } from './scan-target.ts';

/** What every command that scans can be told of its target. */
export interface TargetOptions {
  readonly data?: string;
  readonly as?: TargetWord;
  readonly platform?: readonly string[];
  readonly plainHttp?: true;
  readonly lockFiles?: true;
  readonly username?: string;
  readonly passwordStdin?: true;
}

/** What is to be scanned and with which credentials: known before anything is started for it. */
export interface Aim {
  readonly target: ScanTarget;
  readonly credentials: Credentials | undefined;
}

export async function aimAt(asked: string, options: TargetOptions): Promise<Aim> {
  return { target: await scanTarget(asked, options.as), credentials: await credentialsFrom(options) };
}

/** Scans a target to its end: once, or once for each platform that was asked for. */
export async function scansOf(
  scanner: Reach,
  { target, credentials }: Aim,
  options: TargetOptions,
  kinds: readonly FindingKind[] = [],
): Promise<Scan[]> {
  using progress = showProgress();
  const scans = scanner.client(ScanService);
  const image = await imageFor(scanner, target, progress);
  const common = {
    target: image,
    plainHttp: options.plainHttp ?? false,
    lockFiles: options.lockFiles ?? false,
    kinds: [...kinds],
    ...(credentials && { credentials }),
  };
  const found: Scan[] = [];
  for (const platform of await platformsOf(scanner, target, options, credentials)) {
    const created = await scans.createScan({ ...common, platform }, { ...scanner.as, idempotencyKey: randomUUID() });
    found.push(await ended(scanner, created, progress));
  }
  return found;
}

/** The platforms to scan; an empty one is what the service chooses. */
async function platformsOf(
  scanner: Reach,
  target: ScanTarget,
  { platform = [''], plainHttp }: TargetOptions,
  credentials: Credentials | undefined,
): Promise<readonly string[]> {
  if (!platform.includes('all')) return platform;
  if (target.kind !== 'registry')
    throw new Complaint('all platforms can be asked of a registry only', {
      code: 'usage',
      hint: 'Name them: --platform linux/amd64,linux/arm64',
    });
  const request = { image: target.reference, plainHttp: plainHttp ?? false, ...(credentials && { credentials }) };
  const { platforms } = await scanner.client(ScanService).listImagePlatforms(request, scanner.as);
  return platforms.map((each) => each.platform);
}

async function ended(scanner: Reach, created: Scan, progress: Progress): Promise<Scan> {
  let latest = created;
  for await (const change of scanner.client(ScanService).watchScan({ id: created.id }, scanner.as)) {
    latest = change;
    progress.at(progressText(change));
  }
  if (latest.state === ScanState.SUCCEEDED) return latest;
  throw failed(latest);
}

type Credentials = NonNullable<MessageInitShape<typeof CreateScanRequestSchema>['credentials']>;

async function credentialsFrom({ username, passwordStdin }: TargetOptions): Promise<Credentials | undefined> {
  if (username === undefined && !passwordStdin) return undefined;
  if (username === undefined || !passwordStdin)
    throw new Complaint('--username and --password-stdin go together', {
      code: 'usage',
      hint: 'echo "$PASSWORD" | gabion scan --username NAME --password-stdin TARGET',
    });
  if (process.stdin.isTTY) process.stderr.write('Password: ');
  return { username, password: (await text(process.stdin)).replace(/\r?\n$/, '') };
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
  for await (const value of isDirectory ? tarChunks(path, format === ImageFormat.FILE_SYSTEM) : fileChunks(path)) {
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

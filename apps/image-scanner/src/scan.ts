import type { MessageInitShape } from '@bufbuild/protobuf';
import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import {
  FindingKind,
  type LayerSchema,
  type ScanPriority,
  type ScanSchema,
  ScanState,
} from '@gabion/contracts/gabion/scan/v1/scans_pb';
import type { Summary } from './current-findings.ts';

type ScanMessage = MessageInitShape<typeof ScanSchema>;

/** A note for the reader of a result: why something in the image was not judged. */
export interface Warning {
  readonly code: string;
  readonly message: string;
}

export interface OperatingSystem {
  readonly id: string;
  readonly version: string;
  readonly prettyName: string;
}

export interface ImageLayer {
  readonly digest: string;
  readonly diffId: string;
  readonly createdBy: string;
  readonly size: number;
}

/** How many findings there are of each severity. */
export interface SeverityCounts {
  readonly critical: number;
  readonly high: number;
  readonly medium: number;
  readonly low: number;
  readonly negligible: number;
  readonly unknown: number;
}

/** What a scan looks at: an image, a directory's files, or a list that somebody else made. */
export type TargetKind = 'image' | 'file-system' | 'sbom';

export type State = 'queued' | 'running' | 'succeeded' | 'failed';

/** A scan as it is read, with the image that it found. */
export interface ScanRow {
  readonly id: string;
  readonly seq: string;
  readonly target: string;
  readonly state: State;
  readonly platform: string;
  readonly layers_total: number;
  readonly layers_done: number;
  readonly bytes_total: string;
  readonly bytes_done: string;
  readonly error_code: string | null;
  readonly error_message: string | null;
  readonly create_time: Date;
  readonly start_time: Date | null;
  readonly end_time: Date | null;
  readonly manifest_digest: string | null;
  readonly image_platform: string | null;
  readonly operating_system: OperatingSystem | null;
  readonly layers: readonly ImageLayer[] | null;
  readonly image_warnings: readonly Warning[] | null;
  readonly warnings: readonly Warning[];
  readonly package_count: number | null;
  readonly image_id: string | null;
  /** As counted when the scan ended. */
  readonly severity_counts: SeverityCounts | null;
  /** Whether findings can be told: false for images that an older version of Gabion stored. */
  readonly has_contents: boolean | null;
  readonly kinds: readonly FindingKind[];
  readonly priority: ScanPriority;
  readonly origin: string;
  readonly target_kind: TargetKind;
}

/** What is known against the image of a scan at a moment. */
export interface KnownNow {
  readonly summary: Summary;
  readonly now: Date;
}

export const states = {
  queued: ScanState.QUEUED,
  running: ScanState.RUNNING,
  succeeded: ScanState.SUCCEEDED,
  failed: ScanState.FAILED,
} as const satisfies Record<State, ScanState>;

/** Whether nothing about the scan will change any more. */
export function hasEnded(scan: { readonly state: State }): boolean {
  return scan.state === 'succeeded' || scan.state === 'failed';
}

/** The scan as callers see it, with what is known against its image now. */
export function scanMessage(row: ScanRow, known?: KnownNow): ScanMessage {
  const summary = known?.summary;
  const counts = summary?.severities ?? row.severity_counts;
  const judgeTime = latest(row.end_time, summary?.changeTime);
  return {
    id: row.id,
    target: row.target,
    state: states[row.state],
    imageDigest: row.manifest_digest ?? '',
    // Files and lists are of no platform.
    platform: row.target_kind === 'image' ? (row.image_platform ?? row.platform) : '',
    ...(row.operating_system && { operatingSystem: row.operating_system }),
    progress: {
      layersTotal: row.layers_total,
      layersDone: row.layers_done,
      bytesTotal: BigInt(row.bytes_total),
      bytesDone: BigInt(row.bytes_done),
    },
    ...(row.error_code && { error: { code: row.error_code, message: row.error_message ?? '' } }),
    ...(counts && { severityCounts: counts }),
    ...(summary && { findingCounts: summary.findings }),
    ...(counts && judgeTime && { judgeTime: timestampFromDate(judgeTime) }),
    ...(summary?.endOfLifeTime && { endOfLifeTime: timestampFromDate(summary.endOfLifeTime) }),
    kinds: row.kinds.length > 0 ? [...row.kinds] : [...everyKind],
    priority: row.priority,
    origin: row.origin,
    packageCount: row.package_count ?? 0,
    createTime: timestampFromDate(row.create_time),
    ...(row.start_time && { startTime: timestampFromDate(row.start_time) }),
    ...(row.end_time && { endTime: timestampFromDate(row.end_time) }),
    warnings: [...(row.image_warnings ?? []), ...row.warnings, ...(known ? warningsOf(row, known) : [])],
    layers: (row.layers ?? []).map(layerMessage),
  };
}

/** Beyond its last day of support a system gets no fixes, and its advisories grow silent. */
function warningsOf({ operating_system: system }: ScanRow, { summary, now }: KnownNow): Warning[] {
  const { endOfLifeTime } = summary;
  if (!endOfLifeTime || !hasPassed(endOfLifeTime, now)) return [];
  const name = system?.prettyName || [system?.id, system?.version].filter(Boolean).join(' ') || 'the operating system';
  const message = `${name} has had no support since ${endOfLifeTime.toISOString().slice(0, 10)}: what is not fixed will not be`;
  return [{ code: 'operating_system_end_of_life', message }];
}

/** Whether the last day of support, which begins at this time, is over. */
export function hasPassed(lastDay: Date, now: Date): boolean {
  return now.getTime() >= lastDay.getTime() + 86_400_000;
}

export function layerMessage(layer: ImageLayer): MessageInitShape<typeof LayerSchema> {
  return { ...layer, size: BigInt(layer.size) };
}

/** What a scan looks for unless it is told. */
const everyKind = [
  FindingKind.VULNERABILITY,
  FindingKind.SECRET,
  FindingKind.MALWARE,
  FindingKind.CONFIGURATION,
  FindingKind.LICENCE,
] as const;

/** The later of two times, as far as there are any. */
export function latest(one: Date | null | undefined, other: Date | null | undefined): Date | undefined {
  if (!one || !other) return one ?? other ?? undefined;
  return one > other ? one : other;
}

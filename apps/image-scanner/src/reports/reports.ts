import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { create, type MessageInitShape } from '@bufbuild/protobuf';
import {
  FindingFilterSchema,
  FindingSchema,
  type GetReportRequest,
  type ReportChunkSchema,
  ReportFormat,
  ScanSchema,
  Severity,
} from '@gabion/contracts/gabion/scan/v1/scans_pb';
import type { Package } from '@gabion/inventory/package';
import type { Database } from '@gabion/postgres/database';
import { contentTypes, type ReportFormat as FormatName, render } from '@gabion/reports/render';
import { ReportError } from '@gabion/reports/report-error';
import type { ScanResult, Warning } from '@gabion/reports/scan-result';
import { Fault } from '@gabion/rpc/fault';
import { findingMessages } from '../finding-message.ts';
import { rankOf, worstFirst } from '../finding-rank.ts';
import { selected } from '../finding-selection.ts';
import type { ImageFinding } from '../image-findings.ts';
import { scanMessage } from '../scan.ts';
import type { FixPlans } from './fix-plans.ts';
import { scanResult } from './scan-result.ts';
import type { Scanned, ScannedImages } from './scanned.ts';

type Chunk = MessageInitShape<typeof ReportChunkSchema>;

/** The worst ones that a report holds: it is in memory as a whole while it is written. */
const maxFindings = 50_000;
const chunkBytes = 256 * 1024;
const batch = 5000;

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

/** Results of scans as documents, by the advisories, VEX documents and exceptions as they are now. */
export class Reports {
  constructor(
    private readonly db: Database,
    private readonly scanned: ScannedImages,
    private readonly plans: FixPlans,
  ) {}

  /** The document in pieces, its content type in the first. */
  async *of(request: GetReportRequest): AsyncGenerator<Chunk> {
    const now = new Date();
    const format = formatNamed(request.format);
    const scanned = await this.scanned.of(request.scanId, now);
    const result = await this.#result(scanned, request, now);
    const bytes = Buffer.from(written(result, format, request, now));
    for (let at = 0; at === 0 || at < bytes.length; at += chunkBytes)
      yield { contentType: at === 0 ? contentTypes[format] : '', data: bytes.subarray(at, at + chunkBytes) };
  }

  async #result(scanned: Scanned, request: GetReportRequest, now: Date): Promise<ScanResult> {
    const { row, known, summary } = scanned;
    // What is suppressed stays in the result: most formats have words of their own for it.
    const filter = { ...(request.filter ?? create(FindingFilterSchema)), includeSuppressed: true };
    const chosen = selected(known.all, { filter, minimumSeverity: Severity.UNSPECIFIED, kinds: row.kinds }, now);
    const kept = worst(chosen);
    const indexes = new Map(known.packages.map((each, index) => [each, index]));
    const result = scanResult({
      scan: create(ScanSchema, scanMessage(row, { summary, now })),
      targetKind: row.target_kind,
      packages: known.packages,
      findings: await this.#findings(kept, row.layers ?? [], indexes),
      scanner: { name: 'Gabion', version },
      now,
    });
    const fixPlan = await this.plans.of(scanned, request.filter, now);
    return { ...result, fixPlan, warnings: [...result.warnings, ...truncation(chosen.length - kept.length)] };
  }

  async #findings(
    found: readonly ImageFinding[],
    layers: Parameters<typeof findingMessages>[2],
    indexes: ReadonlyMap<Package, number>,
  ) {
    const findings = [];
    for (let at = 0; at < found.length; at += batch) {
      const some = found.slice(at, at + batch);
      const messages = await findingMessages(this.db.kysely, some, layers);
      for (const [nth, message] of messages.entries()) {
        const { subject } = some[nth]!;
        findings.push({ finding: create(FindingSchema, message), package: subject ? indexes.get(subject)! : -1 });
      }
    }
    return findings;
  }
}

function worst(found: readonly ImageFinding[]): ImageFinding[] {
  return found
    .map((finding) => ({ finding, rank: rankOf(finding) }))
    .sort((a, b) => worstFirst(a.rank, b.rank))
    .slice(0, maxFindings)
    .map(({ finding }) => finding);
}

function truncation(leftOut: number): Warning[] {
  if (leftOut <= 0) return [];
  const message = `${leftOut} findings were left out: a report holds the worst ${maxFindings}`;
  return [{ code: 'findings_truncated', message }];
}

function written(result: ScanResult, format: FormatName, request: GetReportRequest, now: Date): string {
  try {
    return render(result, format, {
      serialNumber: randomUUID(),
      createdAt: now.toISOString(),
      includeSuppressed: request.filter?.includeSuppressed ?? false,
      ...(request.formatVersion && { formatVersion: request.formatVersion }),
    });
  } catch (error) {
    if (error instanceof ReportError)
      throw new Fault('invalid_argument', error.message, { code: error.code, cause: error });
    throw error;
  }
}

function formatNamed(format: ReportFormat): FormatName {
  const name = names[format] as FormatName | undefined;
  if (!name) throw new Fault('invalid_argument', `unknown format ${format}`, { code: 'format_unknown' });
  return name;
}

const names: Readonly<Record<ReportFormat, FormatName>> = {
  [ReportFormat.UNSPECIFIED]: 'json',
  [ReportFormat.JSON]: 'json',
  [ReportFormat.TABLE]: 'table',
  [ReportFormat.SARIF]: 'sarif',
  [ReportFormat.CYCLONEDX]: 'cyclonedx',
  [ReportFormat.SPDX]: 'spdx',
  [ReportFormat.OPENVEX]: 'openvex',
  [ReportFormat.MARKDOWN]: 'markdown',
  [ReportFormat.HTML]: 'html',
  [ReportFormat.CSAF]: 'csaf',
};

import { type MessageInitShape, toJsonString } from '@bufbuild/protobuf';
import {
  FindingFilterSchema,
  type FindingKind,
  type FindingSchema,
  type ListFindingsRequest,
  type ListPackagesRequest,
  type PackageSchema,
  type ScanSchema,
} from '@gabion/contracts/gabion/scan/v1/scans_pb';
import type { Database } from '@gabion/postgres/database';
import { pageToken, positionIn } from '@gabion/postgres/pages';
import { Fault } from '@gabion/rpc/fault';
import { sql } from 'kysely';
import type { CurrentFindings, Known, View } from './current-findings.ts';
import { findingMessages, packageMessage } from './finding-message.ts';
import { type Rank, rankOf, rankShape, worstFirst } from './finding-rank.ts';
import { selected } from './finding-selection.ts';
import type { ImageFinding } from './image-findings.ts';
import { ordinalBefore } from './page.ts';
import { type ImageLayer, type ScanRow, scanMessage } from './scan.ts';

type PackageMessage = MessageInitShape<typeof PackageSchema>;
type ScanMessage = MessageInitShape<typeof ScanSchema>;
type FindingMessage = MessageInitShape<typeof FindingSchema>;

interface Subject {
  readonly image_id: string | null;
  readonly target: string;
  readonly kinds: FindingKind[];
  readonly layers: readonly ImageLayer[] | null;
}

/** What scans have found, page by page. */
export class Results {
  constructor(
    private readonly db: Database,
    private readonly current: CurrentFindings,
  ) {}

  /** Scans as callers see them, each with what is known against its image now. */
  async scans(rows: readonly ScanRow[]): Promise<ScanMessage[]> {
    const told = rows.filter((row) => row.image_id !== null && row.has_contents);
    const views = told.map((row) => ({ imageId: row.image_id!, names: [row.target], kinds: row.kinds }));
    const now = new Date();
    const summaries = await this.current.summaries(views, now);
    const byScan = new Map(told.map((row, index) => [row.id, { summary: summaries[index]!, now }]));
    return rows.map((row) => scanMessage(row, byScan.get(row.id)));
  }

  /** Worst first, by the advisories as they are now: a page begins behind the rank of the last finding before it. */
  async findings(request: ListFindingsRequest): Promise<{ findings: FindingMessage[]; nextPageToken: string }> {
    const size = request.pageSize || 100;
    const filter = request.filter ? toJsonString(FindingFilterSchema, request.filter) : '';
    const query = `findings ${request.scanId} ${request.minimumSeverity} ${filter}`;
    const after = positionIn(request.pageToken, rankShape, query);
    const { known, subject } = await this.#knownTo(request.scanId);
    const kept = selected(known.all, { ...request, filter: request.filter, kinds: subject.kinds }, new Date());
    const { page, last } = pageOf(kept, after, size);
    return {
      findings: await findingMessages(this.db.kysely, page, subject.layers ?? []),
      nextPageToken: last ? pageToken({ ...last }, query) : '',
    };
  }

  /** By name. */
  async packages(request: ListPackagesRequest): Promise<{ packages: PackageMessage[]; nextPageToken: string }> {
    const size = request.pageSize || 100;
    const query = `packages ${request.scanId}`;
    const after = ordinalBefore(request.pageToken, query);
    const { packages } = (await this.#knownTo(request.scanId)).known;
    const page = packages.slice(after + 1, after + 1 + size);
    const last = after + page.length;
    return {
      packages: page.map(packageMessage),
      nextPageToken: last + 1 < packages.length ? pageToken({ ordinal: last }, query) : '',
    };
  }

  /** A scan that has not ended well holds nothing: its pages are empty. */
  async #knownTo(scanId: string): Promise<{ known: Known; subject: Subject }> {
    const { rows } = await sql<Subject>`
      select scans.image_id, scans.target, scans.kinds, images.layers
      from scans left join images on images.id = scans.image_id
      where scans.id = ${scanId}`.execute(this.db.kysely);
    const [subject] = rows;
    if (!subject) throw new Fault('not_found', `there is no scan ${scanId}`, { code: 'scan_not_found' });
    if (!subject.image_id) return { known: { packages: [], findings: [], components: [], all: [] }, subject };
    const view: View = { imageId: subject.image_id, names: [subject.target], kinds: subject.kinds };
    return { known: await this.current.of(view), subject };
  }
}

/** The findings that follow on a rank; `last` is the rank to go on from, undefined where nothing is left. */
function pageOf(findings: readonly ImageFinding[], after: Rank | undefined, size: number) {
  const ranked = findings
    .map((finding) => ({ finding, rank: rankOf(finding) }))
    .filter(({ rank }) => !after || worstFirst(after, rank) < 0)
    .sort((a, b) => worstFirst(a.rank, b.rank));
  const page = ranked.slice(0, size);
  return { page: page.map(({ finding }) => finding), last: ranked.length > size ? page.at(-1)!.rank : undefined };
}

import type { MessageInitShape } from '@bufbuild/protobuf';
import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import type {
  ImageFindingChangeSchema,
  ImageSchema,
  ListFindingChangesRequest,
  ListImagesRequest,
} from '@gabion/contracts/gabion/scan/v1/images_pb';
import type { Severity } from '@gabion/contracts/gabion/scan/v1/scans_pb';
import type { Database } from '@gabion/postgres/database';
import { pageToken } from '@gabion/postgres/pages';
import { Fault } from '@gabion/rpc/fault';
import { sql } from 'kysely';
import type { CurrentFindings, Summary } from './current-findings.ts';
import { seqBefore } from './page.ts';
import { type ImageLayer, latest, layerMessage, type OperatingSystem } from './scan.ts';

type ImageMessage = MessageInitShape<typeof ImageSchema>;
type ChangeMessage = MessageInitShape<typeof ImageFindingChangeSchema>;

/** An image with the last scan of it. */
interface ImageRow {
  readonly id: string;
  readonly manifest_digest: string;
  readonly platform: string;
  readonly operating_system: OperatingSystem | null;
  readonly layers: readonly ImageLayer[];
  readonly package_count: number;
  readonly targets: string[];
  readonly scan_id: string;
  readonly seq: string;
  readonly end_time: Date;
}

interface ChangeRow {
  readonly id: string;
  readonly time: Date;
  readonly is_added: boolean;
  readonly vulnerability_id: string;
  readonly name: string;
  readonly version: string;
  readonly severity: Severity;
  readonly fixed_version: string;
  readonly source: string;
}

/** The images that have been scanned, as the advisories judge them now. */
export class ImageCatalogue {
  constructor(
    private readonly db: Database,
    private readonly current: CurrentFindings,
  ) {}

  /** The one scanned last first. */
  async list(request: ListImagesRequest): Promise<{ images: ImageMessage[]; nextPageToken: string }> {
    const size = request.pageSize || 50;
    const { vulnerabilityId, package: name, packageVersion, targetPrefix } = request;
    const query = `images ${JSON.stringify([vulnerabilityId, name, packageVersion, targetPrefix])}`;
    const before = seqBefore(request.pageToken, query);
    const { rows } = await sql<ImageRow>`
      ${imageQuery}
      where scans.state = 'succeeded' and not images.is_superseded
        and not exists (
          select from scans later
          where later.image_id = scans.image_id and later.seq > scans.seq and later.state = 'succeeded'
        )
        and ${before ? sql`scans.seq < ${before}::bigint` : sql`true`}
        and ${vulnerabilityId ? sql`images.components && array(${withVulnerability(vulnerabilityId)})` : sql`true`}
        and ${name ? sql`images.components && array(${named(name, packageVersion)})` : sql`true`}
        and ${targetPrefix ? hasTarget(targetPrefix) : sql`true`}
      order by scans.seq desc
      limit ${size + 1}`.execute(this.db.kysely);
    const page = rows.slice(0, size);
    const last = page.at(-1);
    return {
      images: await this.#messages(page),
      nextPageToken: rows.length > size && last ? pageToken({ seq: last.seq }, query) : '',
    };
  }

  async get(digest: string): Promise<ImageMessage> {
    const { rows } = await sql<ImageRow>`
      ${imageQuery}
      where scans.state = 'succeeded' and images.manifest_digest = ${digest} and images.contents is not null
      order by images.is_superseded, scans.seq desc
      limit 1`.execute(this.db.kysely);
    const [message] = await this.#messages(rows);
    if (!message) throw noSuchImage(digest);
    return message;
  }

  /** What the advisories have begun or ceased to say of an image since it was first scanned, newest first. */
  async changes(request: ListFindingChangesRequest): Promise<{ changes: ChangeMessage[]; nextPageToken: string }> {
    const size = request.pageSize || 100;
    const query = `finding changes ${request.digest}`;
    const before = seqBefore(request.pageToken, query);
    const { rows: images } = await sql<{ components: number[]; round: string }>`
      select components, round from images where manifest_digest = ${request.digest} and contents is not null
      order by is_superseded, id desc limit 1`.execute(this.db.kysely);
    const [image] = images;
    if (!image) throw noSuchImage(request.digest);
    const { rows } = await sql<ChangeRow>`
      select changes.id, judging_rounds.time, is_added, vulnerability_id, components.name, components.version, severity,
        fixed_version, changes.source
      from finding_changes changes
      join judging_rounds on judging_rounds.id = changes.round
      join components on components.id = changes.component_id
      where changes.component_id = any(${image.components}::int[]) and changes.round > ${image.round}
        and ${before ? sql`changes.id < ${before}::bigint` : sql`true`}
      order by changes.id desc
      limit ${size + 1}`.execute(this.db.kysely);
    const page = rows.slice(0, size);
    const last = page.at(-1);
    return {
      changes: page.map(changeMessage),
      nextPageToken: rows.length > size && last ? pageToken({ seq: last.id }, query) : '',
    };
  }

  async #messages(rows: readonly ImageRow[]): Promise<ImageMessage[]> {
    const views = rows.map((row) => ({ imageId: row.id, names: row.targets, kinds: [] }));
    const summaries = await this.current.summaries(views, new Date());
    return rows.map((row, index) => imageMessage(row, summaries[index]!));
  }
}

const imageQuery = sql`
  select images.id, images.manifest_digest, images.platform, images.operating_system, images.layers,
    images.package_count, scans.id as scan_id, scans.seq, scans.end_time,
    array(
      select target from scans named where named.image_id = images.id and named.state = 'succeeded'
      group by target order by max(seq) desc limit 20
    ) as targets
  from scans join images on images.id = scans.image_id`;

function withVulnerability(id: string) {
  return sql`select component_id from component_findings where names @> array[${id}]::text[]`;
}

/** Components of a name; of Maven's "group:artifact" the artifact alone will do. */
function named(name: string, version: string) {
  const isVersion = version === '' ? sql`true` : sql`version = ${version}`;
  return sql`
    select id from components where name = ${name} and ${isVersion}
    union select id from components
    where ecosystem = 'Maven' and split_part(name, ':', 2) = ${name} and ${isVersion}`;
}

function hasTarget(prefix: string) {
  return sql`exists (
    select from scans named where named.image_id = images.id and starts_with(named.target, ${prefix})
  )`;
}

function noSuchImage(digest: string): Fault {
  return new Fault('not_found', `no image ${digest} has been scanned`, { code: 'image_not_found' });
}

function imageMessage(row: ImageRow, summary: Summary): ImageMessage {
  return {
    digest: row.manifest_digest,
    platform: row.platform,
    targets: row.targets,
    ...(row.operating_system && { operatingSystem: row.operating_system }),
    packageCount: row.package_count,
    severityCounts: summary.severities,
    findingCounts: summary.findings,
    scanId: row.scan_id,
    scanTime: timestampFromDate(row.end_time),
    judgeTime: timestampFromDate(latest(row.end_time, summary.changeTime)!),
    layers: row.layers.map(layerMessage),
  };
}

function changeMessage(row: ChangeRow): ChangeMessage {
  return {
    changeTime: timestampFromDate(row.time),
    added: row.is_added,
    vulnerabilityId: row.vulnerability_id,
    packageName: row.name,
    packageVersion: row.version,
    severity: row.severity,
    fixedVersion: row.fixed_version,
    advisorySource: row.source,
  };
}

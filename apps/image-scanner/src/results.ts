import type { MessageInitShape } from '@bufbuild/protobuf';
import type {
  FindingSchema,
  ListFindingsRequest,
  ListPackagesRequest,
  PackageSchema,
} from '@gabion/contracts/gabion/scan/v1/scans_pb';
import type { Database } from '@gabion/postgres/database';
import { pageToken } from '@gabion/postgres/pages';
import { Fault } from '@gabion/rpc/fault';
import { sql } from 'kysely';
import { ordinalBefore } from './page.ts';

type PackageMessage = MessageInitShape<typeof PackageSchema>;
type FindingMessage = MessageInitShape<typeof FindingSchema>;

interface PackageRow {
  readonly ordinal: number;
  readonly name: string;
  readonly version: string;
  readonly ecosystem: string;
  readonly purl: string;
  readonly source_name: string;
  readonly source_version: string;
  readonly architecture: string;
  readonly layer_diff_id: string;
  readonly path: string;
  readonly licenses: string[];
}

interface FindingRow extends PackageRow {
  readonly finding_ordinal: number;
  readonly id: string;
  readonly vulnerability_id: string;
  readonly aliases: string[];
  readonly severity: number;
  readonly cvss_score: number;
  readonly cvss_vector: string;
  readonly fixed_version: string;
  readonly source: string;
  readonly advisory_id: string;
  readonly url: string;
  readonly rule: string;
  readonly summary: string;
}

/** What scans have found, page by page. */
export class Results {
  constructor(private readonly db: Database) {}

  /** Worst first. */
  async findings(request: ListFindingsRequest): Promise<{ findings: FindingMessage[]; nextPageToken: string }> {
    const size = request.pageSize || 100;
    const query = `findings ${request.scanId} ${request.minimumSeverity}`;
    const after = ordinalBefore(request.pageToken, query);
    const { verdict_id } = await this.#resultOf(request.scanId);
    const { rows } = await sql<FindingRow>`
      select findings.*, findings.ordinal as finding_ordinal, packages.*
      from findings
      join packages on packages.image_id = findings.image_id and packages.ordinal = findings.package_ordinal
      where findings.verdict_id = ${verdict_id} and findings.ordinal > ${after}
        and findings.severity >= ${request.minimumSeverity}
      order by findings.ordinal
      limit ${size + 1}`.execute(this.db.kysely);
    const last = rows[size - 1];
    const nextPageToken = rows.length > size && last ? pageToken({ ordinal: last.finding_ordinal }, query) : '';
    return { findings: rows.slice(0, size).map(findingMessage), nextPageToken };
  }

  /** By name. */
  async packages(request: ListPackagesRequest): Promise<{ packages: PackageMessage[]; nextPageToken: string }> {
    const size = request.pageSize || 100;
    const query = `packages ${request.scanId}`;
    const after = ordinalBefore(request.pageToken, query);
    const { image_id } = await this.#resultOf(request.scanId);
    const { rows } = await sql<PackageRow>`
      select * from packages where image_id = ${image_id} and ordinal > ${after}
      order by ordinal
      limit ${size + 1}`.execute(this.db.kysely);
    const last = rows[size - 1];
    const nextPageToken = rows.length > size && last ? pageToken({ ordinal: last.ordinal }, query) : '';
    return { packages: rows.slice(0, size).map(packageMessage), nextPageToken };
  }

  /** A scan that has not ended well holds nothing: its pages are empty. */
  async #resultOf(scanId: string): Promise<{ verdict_id: string | null; image_id: string | null }> {
    const { rows } = await sql<{ verdict_id: string | null; image_id: string | null }>`
      select scans.verdict_id, verdicts.image_id
      from scans left join verdicts on verdicts.id = scans.verdict_id
      where scans.id = ${scanId}`.execute(this.db.kysely);
    if (!rows[0]) throw new Fault('not_found', `there is no scan ${scanId}`, { code: 'scan_not_found' });
    return rows[0];
  }
}

function packageMessage(row: PackageRow): PackageMessage {
  return {
    name: row.name,
    version: row.version,
    ecosystem: row.ecosystem,
    purl: row.purl,
    sourceName: row.source_name,
    sourceVersion: row.source_version,
    architecture: row.architecture,
    layerDiffId: row.layer_diff_id,
    path: row.path,
    licenses: row.licenses,
  };
}

function findingMessage(row: FindingRow): FindingMessage {
  return {
    id: row.id,
    vulnerabilityId: row.vulnerability_id,
    aliases: row.aliases,
    package: packageMessage(row),
    severity: row.severity,
    cvssScore: row.cvss_score,
    cvssVector: row.cvss_vector,
    fixedVersion: row.fixed_version,
    advisory: { source: row.source, id: row.advisory_id, url: row.url, rule: row.rule },
    summary: row.summary,
  };
}

import type { Package } from '@gabion/inventory/package';
import type { Database, Tx } from '@gabion/postgres/database';
import { sql } from 'kysely';
import type { Analysis } from './analysis.ts';
import type { Judgement } from './judgement.ts';
import type { OperatingSystem, SeverityCounts } from './scan.ts';
import { storable } from './storable.ts';

/** An image of which all is known but what the advisories say. */
export interface KnownImage {
  readonly id: string;
  readonly operating_system: OperatingSystem | null;
  readonly package_count: number;
}

export interface Verdict {
  readonly id: string;
  readonly severity_counts: SeverityCounts;
}

const batch = 1000;

/** Images and what was said of them, kept so that the same question is not worked out twice. */
export class Images {
  constructor(
    private readonly db: Database,
    private readonly analyserVersion: string,
  ) {}

  async known(manifestDigest: string, platform: string, tx?: Tx): Promise<KnownImage | undefined> {
    const { rows } = await sql<KnownImage>`
      select id, operating_system, package_count from images
      where manifest_digest = ${manifestDigest} and platform = ${platform}
        and analyser_version = ${this.analyserVersion}`.execute(tx ?? this.db.kysely);
    return rows[0];
  }

  async verdict(imageId: string, advisoriesState: string, tx?: Tx): Promise<Verdict | undefined> {
    const { rows } = await sql<Verdict>`
      select id, severity_counts from verdicts
      where image_id = ${imageId} and advisories_state = ${advisoriesState}`.execute(tx ?? this.db.kysely);
    return rows[0];
  }

  /** The packages of a known image, in the order in which they are stored. */
  async packages(imageId: string): Promise<Package[]> {
    const { rows } = await sql<Package>`
      select type, name, version, ecosystem, purl, source_name as "sourceName", source_version as "sourceVersion",
        architecture, module, layer_diff_id as "layerDiffId", path, evidence, licenses
      from packages where image_id = ${imageId} order by ordinal`.execute(this.db.kysely);
    return rows;
  }

  /** Stores an image with its packages; one that another scan stored meanwhile stays as it is. */
  async add(tx: Tx, analysis: Analysis, packages: readonly Package[]): Promise<KnownImage> {
    const { manifestDigest, platform, inventory } = analysis;
    const os = inventory.operatingSystem;
    const system = os && { id: storable(os.id), version: storable(os.version), prettyName: storable(os.prettyName) };
    const layers = analysis.layers.map((layer) => ({ ...layer, createdBy: storable(layer.createdBy) }));
    const warnings = inventory.warnings.map(({ code, message }) => ({ code, message: storable(message) }));
    const { rows } = await sql<KnownImage>`
      insert into images
        (manifest_digest, platform, analyser_version, operating_system, layers, warnings, package_count)
      values (${manifestDigest}, ${platform}, ${this.analyserVersion}, ${system ? JSON.stringify(system) : null}::jsonb,
        ${JSON.stringify(layers)}::jsonb, ${JSON.stringify(warnings)}::jsonb, ${packages.length})
      on conflict do nothing
      returning id, operating_system, package_count`.execute(tx);
    const added = rows[0];
    if (!added) return (await this.known(manifestDigest, platform, tx))!;
    for (let at = 0; at < packages.length; at += batch)
      await addPackages(tx, added.id, packages.slice(at, at + batch), at);
    return added;
  }

  /** Stores what one state of the advisories says; the same said by another scan meanwhile stays as it is. */
  async addVerdict(tx: Tx, imageId: string, advisoriesState: string, judgement: Judgement): Promise<Verdict> {
    const { rows } = await sql<Verdict>`
      insert into verdicts (image_id, advisories_state, severity_counts, warnings)
      values (${imageId}, ${advisoriesState}, ${JSON.stringify(judgement.counts)}::jsonb,
        ${JSON.stringify(judgement.warnings)}::jsonb)
      on conflict do nothing
      returning id, severity_counts`.execute(tx);
    const added = rows[0];
    if (!added) return (await this.verdict(imageId, advisoriesState, tx))!;
    for (let at = 0; at < judgement.findings.length; at += batch)
      await addFindings(tx, { imageId, verdictId: added.id, at }, judgement.findings.slice(at, at + batch));
    return added;
  }
}

/** A package as it is stored and judged: of what the image's builder chose, nothing that the database would refuse. */
export function storablePackage(found: Package): Package {
  return {
    type: found.type,
    name: storable(found.name),
    version: storable(found.version),
    ecosystem: storable(found.ecosystem),
    purl: storable(found.purl),
    sourceName: storable(found.sourceName),
    sourceVersion: storable(found.sourceVersion),
    architecture: storable(found.architecture),
    module: storable(found.module),
    layerDiffId: found.layerDiffId,
    path: storable(found.path),
    evidence: found.evidence,
    licenses: found.licenses.slice(0, 100).map((each) => storable(each, 512)),
  };
}

async function addPackages(tx: Tx, imageId: string, packages: readonly Package[], at: number): Promise<void> {
  // Lists of lists are no columns of `unnest`: licences travel as JSON.
  const of = <T>(column: (each: Package) => T) => packages.map(column);
  await sql`
    insert into packages (image_id, ordinal, name, version, ecosystem, purl, source_name, source_version,
      architecture, layer_diff_id, path, licenses, type, module, evidence)
    select ${imageId}, ${at} + row.nth - 1, name, version, ecosystem, purl, source_name, source_version,
      architecture, layer_diff_id, path, array(select jsonb_array_elements_text(licenses)),
      type, module, evidence
    from unnest(${of((each) => each.name)}::text[], ${of((each) => each.version)}::text[],
      ${of((each) => each.ecosystem)}::text[], ${of((each) => each.purl)}::text[],
      ${of((each) => each.sourceName)}::text[], ${of((each) => each.sourceVersion)}::text[],
      ${of((each) => each.architecture)}::text[], ${of((each) => each.layerDiffId)}::text[],
      ${of((each) => each.path)}::text[], ${of((each) => JSON.stringify(each.licenses))}::jsonb[],
      ${of((each) => each.type)}::text[], ${of((each) => each.module)}::text[],
      ${of((each) => each.evidence)}::text[]
    ) with ordinality as row (name, version, ecosystem, purl, source_name, source_version,
      architecture, layer_diff_id, path, licenses, type, module, evidence, nth)`.execute(tx);
}

async function addFindings(
  tx: Tx,
  { imageId, verdictId, at }: { imageId: string; verdictId: string; at: number },
  findings: Judgement['findings'],
): Promise<void> {
  const of = <T>(column: (each: Judgement['findings'][number]) => T) => findings.map(column);
  await sql`
    insert into findings (verdict_id, image_id, ordinal, id, package_ordinal, vulnerability_id, aliases, severity,
      cvss_score, cvss_vector, fixed_version, source, advisory_id, url, rule, summary)
    select ${verdictId}, ${imageId}, ${at} + row.nth - 1, id, package_ordinal, vulnerability_id,
      array(select jsonb_array_elements_text(aliases)), severity,
      cvss_score, cvss_vector, fixed_version, source, advisory_id, url, rule, summary
    from unnest(${of((each) => each.id)}::text[], ${of((each) => each.package)}::int[],
      ${of(({ match }) => match.vulnerabilityId)}::text[], ${of(({ match }) => JSON.stringify(match.aliases))}::jsonb[],
      ${of((each) => each.severity)}::smallint[], ${of(({ match }) => match.cvss?.score ?? 0)}::float8[],
      ${of(({ match }) => match.cvss?.vector ?? '')}::text[], ${of(({ match }) => match.fixedVersion ?? '')}::text[],
      ${of(({ match }) => match.advisory.source)}::text[], ${of(({ match }) => match.advisory.id)}::text[],
      ${of(({ match }) => match.advisory.url)}::text[], ${of(({ match }) => storable(match.rule))}::text[],
      ${of(({ match }) => match.summary)}::text[]
    ) with ordinality as row (id, package_ordinal, vulnerability_id, aliases, severity, cvss_score, cvss_vector,
      fixed_version, source, advisory_id, url, rule, summary, nth)`.execute(tx);
}

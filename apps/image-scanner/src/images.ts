import type { Package } from '@gabion/inventory/package';
import type { Database, Tx } from '@gabion/postgres/database';
import { sql } from 'kysely';
import type { Analysis } from './analysis.ts';
import { componentDigest } from './component.ts';
import type { StaticFinding } from './finding.ts';
import { encodeContents, type ImageContents } from './image-contents.ts';
import { judgingRound } from './judging-rounds.ts';
import type { ImageLayer, OperatingSystem } from './scan.ts';
import { storable } from './storable.ts';

/** An image that was analysed, without its contents. */
export interface KnownImage {
  readonly id: string;
  readonly manifest_digest: string;
  readonly platform: string;
  readonly operating_system: OperatingSystem | null;
  readonly layers: readonly ImageLayer[];
  readonly package_count: number;
  /** Of each package in its order. */
  readonly components: readonly number[];
}

/** What an analysis says of an image, in the form in which it is stored. */
export interface ImageRecord extends ImageContents {
  readonly analysis: Analysis;
  readonly encoded: Buffer;
}

/** What a scan identifies an image by. */
export interface ImageKey {
  readonly manifestDigest: string;
  readonly platform: string;
  readonly lockFiles: boolean;
}

const columns = sql.raw('id, manifest_digest, platform, operating_system, layers, package_count, components');

/** The images, each analysed once under one version of the analysers. */
export class Images {
  constructor(
    private readonly db: Database,
    private readonly analyserVersion: string,
  ) {}

  async known(key: ImageKey, tx?: Tx): Promise<KnownImage | undefined> {
    const { rows } = await sql<KnownImage>`
      select ${columns} from images
      where manifest_digest = ${key.manifestDigest} and platform = ${key.platform} and lock_files = ${key.lockFiles}
        and analyser_version = ${this.analyserVersion} and contents is not null`.execute(tx ?? this.db.kysely);
    return rows[0];
  }

  /** Keeps others who store the same image waiting until the transaction has ended. */
  async hold(tx: Tx, { manifestDigest, platform }: ImageKey): Promise<void> {
    const name = `image ${manifestDigest} ${platform}`;
    await sql`select pg_advisory_xact_lock(hashtextextended(${name}, 0))`.execute(tx);
  }

  /** Stores an image with the ids of its components; it speaks for what was analysed of the same image before. */
  async add(tx: Tx, key: ImageKey, record: ImageRecord, components: readonly number[]): Promise<KnownImage> {
    const { layers, inventory } = record.analysis;
    const os = inventory.operatingSystem;
    const system = os && { id: storable(os.id), version: storable(os.version), prettyName: storable(os.prettyName) };
    const warnings = inventory.warnings.map(({ code, message }) => ({ code, message: storable(message) }));
    await sql`
      update images set is_superseded = true
      where manifest_digest = ${key.manifestDigest} and platform = ${key.platform} and not is_superseded`.execute(tx);
    const { rows } = await sql<KnownImage>`
      insert into images (manifest_digest, platform, lock_files, analyser_version, operating_system, layers, diff_ids,
        warnings, package_count, components, contents, round)
      values (${key.manifestDigest}, ${key.platform}, ${key.lockFiles}, ${this.analyserVersion},
        ${system ? JSON.stringify(system) : null}::jsonb,
        ${JSON.stringify(layers.map((layer) => ({ ...layer, createdBy: storable(layer.createdBy) })))}::jsonb,
        ${layers.map(({ diffId }) => diffId)}::text[], ${JSON.stringify(warnings)}::jsonb, ${record.packages.length},
        ${[...components]}::int[], ${record.encoded}, ${judgingRound})
      returning ${columns}`.execute(tx);
    return rows[0]!;
  }
}

/** Prepares an analysis for the database; a package that a database names twice in one place is one. */
export async function imageRecord(analysis: Analysis): Promise<ImageRecord> {
  const places = new Map<string, number>();
  const packages: Package[] = [];
  const indexes = analysis.inventory.packages.map(storablePackage).map((each) => {
    const place = JSON.stringify([componentDigest(each).toString('hex'), each.path, each.layerDiffId]);
    const known = places.get(place);
    if (known !== undefined) return known;
    places.set(place, packages.length);
    return packages.push(each) - 1;
  });
  const findings = analysis.findings.map((each) => {
    const placed = storableFinding(each);
    if (placed.kind !== 'licence' || placed.package === undefined) return placed;
    return { ...placed, package: indexes[placed.package]! };
  });
  return { analysis, packages, findings, encoded: await encodeContents({ packages, findings }) };
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

/** Every text of a finding, bounded and free of NUL. */
function storableFinding<F extends StaticFinding>(finding: F): F {
  const cleaned = (value: unknown): unknown => {
    if (typeof value === 'string') return storable(value);
    if (Array.isArray(value)) return value.slice(0, 100).map(cleaned);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, cleaned(each)]));
  };
  return cleaned(finding) as F;
}

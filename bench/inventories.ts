import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { AdvisoryService } from '@gabion/contracts/gabion/scan/v1/advisories_pb';
import { ScanService, ScanState } from '@gabion/contracts/gabion/scan/v1/scans_pb';
import type { Database } from '@gabion/postgres/database';
import type { Connection } from '@gabion/rpc/client';
import { buildImage, pushImage } from '@gabion/testkit/images';
import { type LayerEntry, layerTar } from '@gabion/testkit/layer-tar';
import { localOperator } from '@gabion/trust/caller';
import { sql } from 'kysely';

const caller = localOperator();

/** Packages of one kind from which images are put together: so many names in so many versions, and what advisories say. */
export interface Pool {
  readonly name: string;
  readonly ecosystem: string;
  readonly names: number;
  readonly versions: number;
  /** Advisories of each package at most; a package of low number has more. */
  readonly advisories: number;
}

export const pools = {
  debian: { name: 'debian', ecosystem: 'Debian:12', names: 1500, versions: 6, advisories: 12 },
  alpine: { name: 'alpine', ecosystem: 'Alpine:v3.20', names: 600, versions: 6, advisories: 6 },
  npm: { name: 'npm', ecosystem: 'npm', names: 5000, versions: 5, advisories: 3 },
} as const satisfies Record<string, Pool>;

/** A feed of the pool's advisories; `change` tells the packages that have one more, and whether all are worded anew. */
export function feedOf(pool: Pool, change: { readonly more?: number; readonly isReworded?: boolean } = {}): Buffer {
  const files: LayerEntry[] = [];
  for (let n = 0; n < pool.names; n++) {
    const count = Math.max(1, Math.round(pool.advisories * (1 - n / pool.names)));
    const isMore = n % Math.ceil(pool.names / (change.more || 1)) === 0 && change.more !== undefined;
    for (let k = 0; k < count + Number(isMore); k++) {
      const id = `${pool.name.toUpperCase()}-2024-${n}-${k}`;
      // Fixed in one of the pool's versions, or in none of them.
      const fixed = k === count ? '99.0' : `1.${1 + ((n + k) % pool.versions)}`;
      const level = change.isReworded ? 'H' : 'L';
      const record = {
        id,
        aliases: [`CVE-2024-${100_000 + n * 20 + k}`],
        summary: `${nameIn(pool, n)} lets whoever can reach it do what only others should`,
        modified: '2024-05-01T00:00:00Z',
        severity: [{ type: 'CVSS_V3', score: `CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:${level}/I:N/A:N` }],
        affected: [
          {
            package: { ecosystem: pool.ecosystem, name: nameIn(pool, n) },
            ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }, { fixed: versionOf(pool, fixed) }] }],
          },
        ],
      };
      files.push({ path: `${id}.json`, content: JSON.stringify(record) });
    }
  }
  return layerTar(files);
}

function nameIn(pool: Pool, n: number): string {
  return `${pool.name}-package-${n}`;
}

function versionOf({ ecosystem }: Pool, version: string): string {
  if (ecosystem.startsWith('Debian')) return `${version}-1`;
  return ecosystem.startsWith('Alpine') ? `${version}-r0` : `${version}.0`;
}

function layerOf(pool: Pool, version: number): LayerEntry[] {
  const all = Array.from({ length: pool.names }, (_, n) => ({
    name: nameIn(pool, n),
    version: versionOf(pool, `1.${version}`),
  }));
  switch (pool.ecosystem) {
    case 'Debian:12':
      return [
        { path: 'etc/os-release', content: 'ID=debian\nVERSION_ID="12"\n' },
        {
          path: 'var/lib/dpkg/status',
          content: all
            .map(
              (each) =>
                `Package: ${each.name}\nStatus: install ok installed\nArchitecture: amd64\nVersion: ${each.version}\n`,
            )
            .join('\n'),
        },
      ];
    case 'Alpine:v3.20':
      return [
        { path: 'etc/os-release', content: 'ID=alpine\nVERSION_ID=3.20.1\n' },
        {
          path: 'lib/apk/db/installed',
          content: all.map((each) => `P:${each.name}\nV:${each.version}\nA:x86_64\nL:MIT\n`).join('\n'),
        },
      ];
    default:
      return all.map(({ name, version: own }) => ({
        path: `app/node_modules/${name}/package.json`,
        content: JSON.stringify({ name, version: own, license: 'MIT' }),
      }));
  }
}

/** Imports a feed; answers when it is shown. */
export async function importFeed(connection: Connection, source: string, bytes: Buffer): Promise<void> {
  async function* parts() {
    yield { part: { case: 'header' as const, value: { source } } };
    for (let at = 0; at < bytes.length; at += 512 * 1024)
      yield { part: { case: 'chunk' as const, value: bytes.subarray(at, at + 512 * 1024) } };
  }
  await Array.fromAsync(connection.client(AdvisoryService).importAdvisories(parts(), { caller }));
}

/** A package of an image as it is stored, one value for each column. */
type Stored = readonly unknown[];

interface Pooled {
  readonly component: number;
  readonly row: Stored;
}

/** Scans one image for each version of a pool, and answers the packages that were found. */
export async function scanPool(connection: Connection, db: Database, host: string, pool: Pool): Promise<Pooled[]> {
  const scans = connection.client(ScanService);
  const found: Pooled[] = [];
  for (let version = 0; version < pool.versions; version++) {
    const image = buildImage({ layers: [layerOf(pool, version)] });
    await pushImage(host, `${pool.name}-${version}`, 'v1', image);
    const value = `${host}/${pool.name}-${version}:v1`;
    const { id } = await scans.createScan({ target: { case: 'image', value } }, { caller });
    for await (const scan of scans.watchScan({ id }, { caller }))
      if (scan.state === ScanState.FAILED) throw new Error(scan.error?.message);
    const { rows } = await sql<{ components: number[]; contents: Buffer }>`
      select components, contents from images where manifest_digest = ${image.manifest.digest}`.execute(db.kysely);
    const { packages } = JSON.parse(zstdDecompressSync(rows[0]!.contents).toString()) as { packages: unknown[][] };
    for (const [index, component] of rows[0]!.components.entries())
      found.push({ component, row: packages.map((column) => column[index]) });
  }
  return found;
}

/** What images are made of: so many packages of each pool. */
const mixes: readonly (readonly [keyof typeof pools, number])[][] = [
  [
    ['debian', 100],
    ['npm', 60],
  ],
  [
    ['alpine', 30],
    ['npm', 120],
  ],
  [['debian', 150]],
];

/** Stores images that consist of packages of the pools as scans would have stored them. */
export async function addImages(db: Database, of: Readonly<Record<keyof typeof pools, Pooled[]>>, count: number) {
  const random = mulberry(20_261_123);
  const batch = 500;
  for (let at = 0; at < count; at += batch) {
    const images = Array.from({ length: Math.min(batch, count - at) }, (_, n) => {
      const mix = mixes[(at + n) % mixes.length]!;
      const chosen = mix.flatMap(([pool, size]) =>
        Array.from({ length: size }, () => drawn(of[pool], pools[pool], random)),
      );
      return [...new Map(chosen.map((each) => [each.component, each])).values()];
    });
    await insert(db, images, at);
  }
  await sql`analyze images`.execute(db.kysely);
}

/** Some packages are in almost every image and most in few: the lower the number, the more images have it. */
function drawn(pool: Pooled[], { names, versions }: Pool, random: () => number): Pooled {
  const name = Math.floor(names * random() ** 2);
  return pool[Math.floor(versions * random()) * names + name]!;
}

async function insert(db: Database, images: readonly (readonly Pooled[])[], at: number): Promise<void> {
  const contents = images.map((packages) => {
    const columns = packages[0]!.row.map((_, nth) => packages.map(({ row }) => row[nth]));
    return zstdCompressSync(JSON.stringify({ packages: columns, findings: [] }));
  });
  const starts = [1];
  for (const { length } of contents) starts.push(starts.at(-1)! + length);
  await sql`
    with added as (
      insert into images (manifest_digest, platform, analyser_version, layers, warnings, package_count, components,
        contents)
      select 'sha256:' || encode(sha256((${at} + nth)::text::bytea), 'hex'), 'linux/amd64', 'bench', '[]', '[]', count,
        array(select jsonb_array_elements_text(components)::int),
        substring(${Buffer.concat(contents)}::bytea from start for length)
      from unnest(${images.map((each) => each.length)}::int[],
        ${images.map((each) => JSON.stringify(each.map(({ component }) => component)))}::jsonb[], ${starts.slice(0, -1)}::int[],
        ${contents.map(({ length }) => length)}::int[]) with ordinality as row (count, components, start, length, nth)
      returning id
    )
    insert into scans (id, target, reference, platform, plain_http, state, image_id, start_time, end_time)
    select gen_random_uuid(), 'registry.example/team-' || id % 50 || '/app-' || id || ':1.0', 'x', 'linux/amd64', false,
      'succeeded', id, now(), now()
    from added`.execute(db.kysely);
}

/** The same numbers in each run. */
function mulberry(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

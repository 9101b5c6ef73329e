import type { Database } from '@gabion/postgres/database';
import { baseOf, repositoryOf, type ScannedImage } from '@gabion/remediation/base-image';
import { sql } from 'kysely';

/** A scanned image with the id under which it is stored. */
export interface StoredImage extends ScannedImage {
  readonly id: string;
}

interface ImageRow {
  readonly id: string;
  readonly manifest_digest: string;
  readonly diff_ids: string[];
  readonly targets: string[];
  readonly end_time: Date;
}

/** Equals in length are of no use; different lengths are at most as many as there are layers. */
const maxCandidates = 50;
const maxOptions = 5;

/** The stored image that one with these layers was built on. */
export async function baseImageOf(db: Database, layers: readonly string[]): Promise<StoredImage | undefined> {
  if (layers.length < 2) return undefined;
  const { rows } = await sql<ImageRow>`
    ${imageQuery}
    where images.contents is not null and not images.is_superseded and images.diff_ids[1] = ${layers[0]!}
      and cardinality(images.diff_ids) < ${layers.length}
      and images.diff_ids = (${[...layers]}::text[])[1:cardinality(images.diff_ids)]
    order by cardinality(images.diff_ids) desc, last.end_time desc
    limit ${maxCandidates}`.execute(db.kysely);
  return baseOf(layers, rows.map(storedImage)) as StoredImage | undefined;
}

/** Other images of the base's repositories for the same platform, the one scanned last first. */
export async function otherBases(db: Database, base: StoredImage): Promise<StoredImage[]> {
  const repositories = [...new Set(base.names.map(repositoryOf))];
  // After ":" and "@" come ";" and "A": all names of a repository lie between.
  const { rows } = await sql<ImageRow>`
    ${imageQuery}
    where images.contents is not null and not images.is_superseded and images.manifest_digest <> ${base.digest}
      and images.platform = (select platform from images where id = ${base.id})
      and images.id in (
        select scans.image_id from scans, unnest(${repositories}::text[]) as repository
        where scans.state = 'succeeded' and (target collate "C" = repository
          or target collate "C" >= repository || ':' and target collate "C" < repository || ';'
          or target collate "C" >= repository || '@' and target collate "C" < repository || 'A')
      )
    order by last.end_time desc
    limit ${maxOptions}`.execute(db.kysely);
  return rows.map(storedImage);
}

const imageQuery = sql`
  select images.id, images.manifest_digest, images.diff_ids, last.end_time,
    array(
      select target from scans named where named.image_id = images.id and named.state = 'succeeded'
      group by target order by max(seq) desc limit 20
    ) as targets
  from images
  join lateral (
    select max(end_time) as end_time from scans
    where scans.image_id = images.id and scans.state = 'succeeded' and scans.target_kind = 'image'
  ) last on last.end_time is not null`;

function storedImage(row: ImageRow): StoredImage {
  const { id, manifest_digest: digest, targets: names, diff_ids: layers, end_time: scanTime } = row;
  return { id, digest, names, layers, scanTime };
}

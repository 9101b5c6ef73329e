import type { Database, Tx } from '@gabion/postgres/database';
import { sql } from 'kysely';
import { judgingGate, tryRejudgingLock } from './judging-gate.ts';

const batch = 200;
/** An image may be about to be named by the scan that has just found it known. */
const imageGraceMs = 3_600_000;

/** Removes scans after their time, and what no scan needs any more; in small steps, so that nobody waits for long. */
export class Retention {
  constructor(
    private readonly db: Database,
    private readonly scanRetentionMs: number,
    private readonly layerRetentionMs: number,
  ) {}

  async sweep(now: Date): Promise<void> {
    const before = (ageMs: number) => new Date(now.getTime() - ageMs);
    await this.#repeat((tx) => removeScans(tx, before(this.scanRetentionMs)));
    const isImageRemoved = await this.#repeat((tx) => removeImages(tx, before(imageGraceMs)));
    if (isImageRemoved) await this.#removeComponents();
    await this.#repeat((tx) => removeLayers(tx, before(this.layerRetentionMs)));
    await this.#repeat((tx) => removeRounds(tx, before(this.scanRetentionMs)));
  }

  /** Answers whether anything was removed. */
  async #repeat(remove: (tx: Tx) => Promise<bigint | number | undefined>): Promise<boolean> {
    let isAny = false;
    while (((await this.db.transaction(remove)) ?? 0) > 0) isAny = true;
    return isAny;
  }

  /** Components that no image holds: looked for in peace, removed while no scan can take them up. */
  async #removeComponents(): Promise<void> {
    const orphans = await this.db.transaction(async (tx) => {
      await sql`set local statement_timeout = 0`.execute(tx);
      const { rows } = await sql<{ id: number }>`
        select id from components
        where id not in (select distinct unnest(components) from images)`.execute(tx);
      return rows.map(({ id }) => id);
    });
    for (let at = 0; at < orphans.length; at += batch)
      await this.db.transaction((tx) => removeOrphans(tx, orphans.slice(at, at + batch)));
  }
}

async function removeScans(tx: Tx, before: Date): Promise<bigint | undefined> {
  const { numAffectedRows } = await sql`
    delete from scans where id = any(array(
      select id from scans
      where state in ('succeeded', 'failed') and end_time < ${before} order by seq limit ${batch}
    ))`.execute(tx);
  return numAffectedRows;
}

/** Images without a scan, and the layers that no other image has. */
async function removeImages(tx: Tx, before: Date): Promise<number> {
  // Alone: no scan is about to end with one of them.
  await judgingGate.passAlone(tx);
  const { rows } = await sql<{ diff_ids: string[] }>`
    delete from images where id = any(array(
      select id from images
      where create_time < ${before} and not exists (select from scans where image_id = images.id)
      limit ${batch}
    ))
    returning diff_ids`.execute(tx);
  const orphans = [...new Set(rows.flatMap((row) => row.diff_ids))];
  await sql`
    delete from layers where diff_id = any(${orphans}::text[])
      and not exists (select from images where diff_ids @> array[layers.diff_id])
      and not exists (select from layer_leases where layer_leases.diff_id = layers.diff_id)
      and use_time < ${before}`.execute(tx);
  return rows.length;
}

async function removeOrphans(tx: Tx, ids: readonly number[]): Promise<void> {
  // What is being judged again stays until the next time.
  const { rows } = await sql<{ is_free: boolean }>`select ${tryRejudgingLock} as is_free`.execute(tx);
  if (!rows[0]!.is_free) return;
  await judgingGate.passAlone(tx);
  await sql`
    delete from components where id = any(${ids}::int[])
      and not exists (select from images where images.components @> array[components.id])`.execute(tx);
}

async function removeLayers(tx: Tx, before: Date): Promise<bigint | undefined> {
  const { numAffectedRows } = await sql`
    delete from layers where (diff_id, analyser_version) in (
      select diff_id, analyser_version from layers where use_time < ${before} limit ${batch}
    )`.execute(tx);
  return numAffectedRows;
}

/** What has changed so long ago is told to nobody any more. */
async function removeRounds(tx: Tx, before: Date): Promise<bigint | undefined> {
  const { numAffectedRows } = await sql`
    delete from judging_rounds where id = any(array(
      select id from judging_rounds where time < ${before} and is_spread
        and not exists (select from announcements where round = judging_rounds.id)
        and id < (select max(id) from judging_rounds)
      order by id limit 10
    ))`.execute(tx);
  return numAffectedRows;
}

import type { Database } from '@gabion/postgres/database';
import { sql } from 'kysely';
import { loadRelay } from './relay-cursor.ts';

const chunk = 5_000;

export interface Retention {
  /** Days that events of the topic are kept. */
  days(topic: string): number;
  /** With Kafka: how long shipped rows are kept instead; the relay's cursor says which those are. */
  readonly keepShippedMs?: number;
  readonly inboxDays: number;
}

/** Deletes what nobody may ask for any more, in chunks that hold no lock for long; answers how many events. */
export async function clean(db: Database, retention: Retention, now: Date): Promise<number> {
  await sql`delete from events.inbox where time < ${daysBefore(now, retention.inboxDays)}`.execute(db.kysely);
  if (retention.keepShippedMs !== undefined) return cleanShipped(db, new Date(now.getTime() - retention.keepShippedMs));
  let deleted = 0;
  for (const { topic, partition } of await lanes(db)) {
    deleted += await cleanLane(db, topic, partition, daysBefore(now, retention.days(topic)));
  }
  return deleted;
}

/** Topics and partitions that have rows, found by skipping through the index. */
async function lanes(db: Database): Promise<{ topic: string; partition: number }[]> {
  const { rows } = await sql<{ topic: string; partition: number }>`
    with recursive lane as (
      (select topic, partition from events.log order by topic, partition limit 1)
      union all
      select following.topic, following.partition from lane cross join lateral (
        select topic, partition from events.log
        where (topic, partition) > (lane.topic, lane.partition) order by topic, partition limit 1
      ) following
    ) select * from lane`.execute(db.kysely);
  return rows;
}

async function cleanLane(db: Database, topic: string, partition: number, cutoff: Date): Promise<number> {
  for (let deleted = 0; ; ) {
    const { numAffectedRows } = await sql`delete from events.log where seq in (
      select seq from (
        select seq, time from events.log where topic = ${topic} and partition = ${partition} order by seq limit ${chunk}
      ) oldest where time < ${cutoff})`.execute(db.kysely);
    deleted += Number(numAffectedRows);
    if (Number(numAffectedRows) < chunk) return deleted;
  }
}

async function cleanShipped(db: Database, cutoff: Date): Promise<number> {
  const { seq, open } = await loadRelay(db);
  // Rows of transactions that were running when the relay passed by are not shipped until the relay says so.
  const unshipped = open.map(({ from, to, after }) => [`${from}`, `${to}`, `${after}`]);
  for (let deleted = 0; ; ) {
    const { numAffectedRows } = await sql`delete from events.log where seq in (
      select seq from (select seq, time, xid from events.log where seq <= ${seq}::bigint order by seq limit ${chunk}) oldest
      where time < ${cutoff} and not exists (
        select 1 from jsonb_array_elements(${JSON.stringify(unshipped)}::jsonb) o
        where xid >= (o->>0)::xid8 and xid < (o->>1)::xid8 and seq > (o->>2)::bigint))`.execute(db.kysely);
    deleted += Number(numAffectedRows);
    if (Number(numAffectedRows) < chunk) return deleted;
  }
}

function daysBefore(now: Date, days: number): Date {
  return new Date(now.getTime() - days * 24 * 3600 * 1000);
}

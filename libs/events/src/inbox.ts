import type { Tx } from '@gabion/postgres/database';
import { sql } from 'kysely';
import type { StoredEvent } from './event.ts';

/** Notes events as handled by `group`, inside the transaction that does; answers those that were not yet. */
export async function unseen(tx: Tx, group: string, events: readonly StoredEvent[]): Promise<readonly StoredEvent[]> {
  const { rows } = await sql<{ id: string }>`insert into events.inbox (grp, id, topic, partition, position)
    select ${group}, id, ${events[0]!.topic}, partition, position
    from unnest(${events.map((event) => event.id)}::uuid[], ${events.map((event) => event.partition)}::int[],
      ${events.map((event) => `${event.position}`)}::bigint[]) as event (id, partition, position)
    on conflict do nothing returning id`.execute(tx);
  const fresh = new Set(rows.map((row) => row.id));
  // A delivery may hold an event twice: the first one counts.
  return events.filter((event) => fresh.delete(event.id));
}

/** Forgets what `group` handled from `position` of a partition on, so that it is handled again. */
export async function forget(
  tx: Tx,
  where: { readonly group: string; readonly topic: string; readonly partition: number; readonly position: bigint },
): Promise<void> {
  await sql`delete from events.inbox where grp = ${where.group} and topic = ${where.topic}
    and partition = ${where.partition} and position >= ${where.position}::bigint`.execute(tx);
}

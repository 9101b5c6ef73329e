import type { Database, Tx } from '@gabion/postgres/database';
import { sql } from 'kysely';
import { EventsError } from './events-error.ts';
import { type LogCursor, openToJson } from './log-cursor.ts';
import { toCursor } from './log-reader.ts';

/** A cursor as stored; `version` changes with every move, whoever makes it. */
export interface StoredCursor {
  readonly partition: number;
  readonly cursor: LogCursor;
  readonly version: bigint;
  readonly handledTime: Date | undefined;
}

/** A group's way through one topic of one log (`kafka`, or the service whose log it is). */
export interface Track {
  readonly group: string;
  readonly topic: string;
  readonly log: string;
}

/** The cursors of a track by partition. */
export async function loadCursors(db: Database, { group, topic, log }: Track): Promise<Map<number, StoredCursor>> {
  const { rows } = await sql<{
    partition: number;
    position: string;
    open: [string, string, string][];
    version: string;
    handled_time: Date | null;
  }>`select partition, position, open, version, handled_time from events.cursors
     where grp = ${group} and topic = ${topic} and log = ${log}`.execute(db.kysely);
  return new Map(
    rows.map(({ partition, position, open, version, handled_time }) => [
      partition,
      {
        partition,
        cursor: toCursor(position, open),
        version: BigInt(version),
        handledTime: handled_time ?? undefined,
      },
    ]),
  );
}

/** Gives partitions that have none a cursor; those that exist stay. */
export async function beginAt(
  db: Database,
  { group, topic, log }: Track,
  starts: readonly { readonly partition: number; readonly cursor: LogCursor }[],
): Promise<void> {
  await sql`insert into events.cursors (grp, topic, log, partition, position, open)
    select ${group}, ${topic}, ${log}, partition, position, open
    from unnest(${starts.map((start) => start.partition)}::int[], ${starts.map((start) => `${start.cursor.seq}`)}::bigint[],
      ${starts.map((start) => openToJson(start.cursor.open))}::jsonb[]) as start (partition, position, open)
    on conflict do nothing`.execute(db.kysely);
}

export interface CursorMove {
  readonly partition: number;
  readonly cursor: LogCursor;
  /** The version the move starts from. */
  readonly version: bigint;
  readonly handledTime: Date;
}

/**
 * Moves cursors inside the transaction of the effects. This is the fence: when two replicas believe they own a
 * partition, or a replay moved it, the second finds another version and its whole transaction is rolled back
 * (`cursor_moved`).
 */
export async function moveCursors(tx: Tx, { group, topic, log }: Track, moves: readonly CursorMove[]): Promise<void> {
  const { numAffectedRows } = await sql`update events.cursors c
    set position = move.position, open = move.open, version = c.version + 1, handled_time = move.time
    from unnest(${moves.map((move) => move.partition)}::int[], ${moves.map((move) => `${move.cursor.seq}`)}::bigint[],
      ${moves.map((move) => openToJson(move.cursor.open))}::jsonb[], ${moves.map((move) => `${move.version}`)}::bigint[],
      ${moves.map((move) => move.handledTime.toISOString())}::timestamptz[]) as move (partition, position, open, version, time)
    where c.grp = ${group} and c.topic = ${topic} and c.log = ${log}
      and c.partition = move.partition and c.version = move.version`.execute(tx);
  if (Number(numAffectedRows) !== moves.length) {
    throw new EventsError('cursor_moved', `another replica or a replay moved ${group} in ${topic}`);
  }
}

/** Sets cursors from outside of the consumer, which notices by the version; answers how many there were. */
export async function resetCursors(
  tx: Tx,
  { group, topic, log }: Track,
  partitions: readonly number[] | undefined,
  cursor: LogCursor,
): Promise<number> {
  const { numAffectedRows } = await sql`update events.cursors
    set position = ${cursor.seq}::bigint, open = ${openToJson(cursor.open)}::jsonb, version = version + 1
    where grp = ${group} and topic = ${topic} and log = ${log}
      and (${partitions === undefined} or partition = any(${partitions ?? []}::int[]))`.execute(tx);
  return Number(numAffectedRows);
}

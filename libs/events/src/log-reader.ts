import type { Database } from '@gabion/postgres/database';
import { type RawBuilder, sql } from 'kysely';
import type { Headers, StoredEvent } from './event.ts';
import { beginning, type LogCursor, openFromJson, parseSnapshot, type Snapshot } from './log-cursor.ts';

/** Where to read: one partition of a topic, or with no topic the whole log, which is what the relay ships. */
export interface Lane {
  readonly partition: number;
  readonly cursor: LogCursor;
}

/** Rows in the order of `seq`, late ones first. */
export interface LogPage {
  readonly events: readonly StoredEvent[];
  readonly snapshot: Snapshot;
  readonly next: bigint;
  /** Where the page ends, when there may be more. */
  readonly cut: bigint | undefined;
}

export interface PageBounds {
  readonly rows: number;
  /** A page holds one more event than fits, so one too large event cannot stop it. */
  readonly bytes: number;
}

interface Row {
  readonly snapshot: string;
  readonly next: string | null;
  readonly seq: string;
  readonly topic: string;
  readonly partition: number;
  readonly key: string;
  readonly id: string;
  readonly type: string;
  readonly source: string;
  readonly body: Buffer;
  /** Bytes of the page's bodies up to this one. */
  readonly upto: string;
  readonly headers: Headers;
  readonly time: Date;
}

/** Reads what is visible behind the cursors of `lanes`, in one statement and so in one snapshot. */
export async function readPage(
  db: Database,
  topic: string | undefined,
  lanes: readonly Lane[],
  bounds: PageBounds,
): Promise<LogPage> {
  const { rows } = await sql<Row>`
    select pg_current_snapshot()::text as snapshot,
      case when page.seq is not null then pg_current_xact_id()::text end as next, page.*
    from (select 1) as always
    left join (
      select * from (
        select *, sum(octet_length(body)) over (order by seq rows unbounded preceding) as upto
        from (${candidates(topic, lanes, bounds.rows)}) candidates
      ) measured
      where upto - octet_length(body) < ${bounds.bytes}
    ) page on true
    order by page.seq`.execute(db.kysely);
  return toPage(rows, bounds);
}

const columns = sql`l.seq, l.topic, l.partition, l.key, l.id, l.type, l.source, l.body, l.headers, l.time`;

/**
 * The first rows behind the cursors. One branch for each lane: PostgreSQL merges their index scans and stops at the limit,
 * where a join would first fetch as many rows of each lane.
 */
function candidates(topic: string | undefined, lanes: readonly Lane[], limit: number) {
  const fresh = lanes.map(
    ({ partition, cursor }) => sql`
    (select ${columns} from events.log l where ${inLane(topic, sql`${partition}`)} and l.seq > ${cursor.seq}::bigint
      order by l.seq limit ${limit})`,
  );
  const late = lanes.flatMap(({ partition, cursor }) =>
    cursor.open.map((open) => ({ ...open, partition, upto: cursor.seq })),
  );
  const ahead = sql`select * from (${sql.join(fresh, sql` union all `)}) fresh order by seq limit ${limit}`;
  if (late.length === 0) return ahead;
  // Rows of a transaction that still runs are not visible, so its range of the log is not even looked at.
  const behind = sql`
    select ${columns}
    from unnest(${late.map((open) => open.partition)}::int[], ${late.map((open) => `${open.from}`)}::xid8[],
      ${late.map((open) => `${open.to}`)}::xid8[], ${late.map((open) => `${open.after}`)}::bigint[],
      ${late.map((open) => `${open.upto}`)}::bigint[], ${late.map((open) => open.to - open.from === 1n)}::boolean[])
      as lane (partition, first, past, after, upto, is_single)
    cross join lateral (
      select * from events.log l
      where ${inLane(topic, sql`lane.partition`)} and l.seq > lane.after and l.seq <= lane.upto
        and l.xid >= lane.first and l.xid < lane.past
      order by l.seq limit ${limit}
    ) l
    where lane.first < pg_snapshot_xmax(pg_current_snapshot())
      and (not lane.is_single or pg_visible_in_snapshot(lane.first, pg_current_snapshot()))`;
  // Each in its own limit, or the one that needs sorting would cost the other its index.
  return sql`
    select * from (select * from (${behind}) behind order by seq limit ${limit}) behind
    union all
    select * from (${ahead}) fresh
    order by seq limit ${limit}`;
}

function inLane(topic: string | undefined, partition: RawBuilder<unknown>) {
  return topic === undefined ? sql`true` : sql`l.topic = ${topic} and l.partition = ${partition}`;
}

function toPage(rows: readonly Row[], bounds: PageBounds): LogPage {
  const snapshot = parseSnapshot(rows[0]!.snapshot);
  if (rows[0]!.next === null) return { events: [], snapshot, next: snapshot.xmax, cut: undefined };
  const events = rows.map(toEvent);
  const isFull = rows.length >= bounds.rows || Number(rows.at(-1)!.upto) >= bounds.bytes;
  return { events, snapshot, next: BigInt(rows[0]!.next), cut: isFull ? events.at(-1)!.position : undefined };
}

function toEvent({ seq, topic, partition, key, id, type, source, body, headers, time }: Row): StoredEvent {
  return { id, topic, key, partition, position: BigInt(seq), type, source, time, headers, body };
}

/** The cursor behind everything that is visible, for a group that begins with what comes next. */
export async function latest(db: Database): Promise<LogCursor> {
  const { rows } = await sql<{ snapshot: string; next: string; seq: string }>`
    select pg_current_snapshot()::text as snapshot, pg_current_xact_id()::text as next,
      (select coalesce(max(seq), 0) from events.log) as seq`.execute(db.kysely);
  const { xmax, running } = parseSnapshot(rows[0]!.snapshot);
  const next = BigInt(rows[0]!.next);
  const open = running.map((xid) => ({ from: xid, to: xid + 1n, after: 0n }));
  if (next > xmax) open.push({ from: xmax, to: next, after: 0n });
  return { seq: BigInt(rows[0]!.seq), open };
}

/** The cursor just before the first event of `topic` at `time` or later. */
export async function before(db: Database, topic: string, time: Date): Promise<LogCursor> {
  const { rows } = await sql<{ seq: string | null }>`
    select min(seq) as seq from events.log where topic = ${topic} and time >= ${time}`.execute(db.kysely);
  return rows[0]!.seq === null ? latest(db) : { ...beginning, seq: BigInt(rows[0]!.seq) - 1n };
}

/** How many events lie behind the cursors, and how old the oldest is. */
export async function lagBehind(
  db: Database,
  topic: string,
  lanes: readonly Lane[],
): Promise<{ events: number; oldest: Date | undefined }> {
  const { rows } = await sql<{ events: string; oldest: Date | null }>`
    select count(*) as events, min(l.time) as oldest
    from unnest(${lanes.map((lane) => lane.partition)}::int[], ${lanes.map((lane) => `${lane.cursor.seq}`)}::bigint[],
      ${lanes.map((lane) => JSON.stringify(lane.cursor.open.map(({ from, to, after }) => [`${from}`, `${to}`, `${after}`])))}::jsonb[])
      as lane (partition, after, open)
    join events.log l on l.topic = ${topic} and l.partition = lane.partition
      and (l.seq > lane.after or exists (
        select 1 from jsonb_array_elements(lane.open) o
        where l.xid >= (o->>0)::xid8 and l.xid < (o->>1)::xid8 and l.seq > (o->>2)::bigint))
      and l.seq > least(lane.after, (select min((o->>2)::bigint) from jsonb_array_elements(lane.open) o))`.execute(
    db.kysely,
  );
  return { events: Number(rows[0]!.events), oldest: rows[0]!.oldest ?? undefined };
}

/** A cursor from its two columns. */
export function toCursor(position: string, open: readonly (readonly [string, string, string])[]): LogCursor {
  return { seq: BigInt(position), open: openFromJson(open) };
}

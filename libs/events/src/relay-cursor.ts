import type { Database } from '@gabion/postgres/database';
import { sql } from 'kysely';
import { type LogCursor, openToJson } from './log-cursor.ts';
import { toCursor } from './log-reader.ts';

/** How far the log of `db` has been shipped to Kafka. */
export async function loadRelay(db: Database): Promise<LogCursor> {
  const { rows } = await sql<{ position: string; open: [string, string, string][] }>`
    select position, open from events.relay`.execute(db.kysely);
  return toCursor(rows[0]!.position, rows[0]!.open);
}

export async function saveRelay(db: Database['kysely'], cursor: LogCursor): Promise<void> {
  await sql`update events.relay set position = ${cursor.seq}::bigint, open = ${openToJson(cursor.open)}::jsonb`.execute(
    db,
  );
}

import { ImageScannedSchema } from '@gabion/contracts/gabion/scan/v1/events_pb';
import { openDatabase } from '@gabion/postgres/database';
import { testDatabase } from '@gabion/testkit/postgres';
import { describe, expect, it } from '@jest/globals';
import { sql } from 'kysely';
import { clean } from '../src/janitor.ts';
import { publish } from '../src/publish.ts';
import { saveRelay } from '../src/relay-cursor.ts';
import { migrateEvents } from '../src/schema.ts';

const day = 24 * 3_600_000;

describe('janitor', () => {
  it('deletes events that are older than their topic keeps them, and no other', async () => {
    await using database = await testDatabase({ database: true });
    await using db = openDatabase(database.url);
    await migrateEvents(db);
    for (const imageDigest of ['a', 'b', 'c']) await publishImage(db, imageDigest);
    await sql`update events.log set time = now() - interval '8 days' where key = 'a'`.execute(db.kysely);
    await sql`update events.log set time = now() - interval '6 days' where key = 'b'`.execute(db.kysely);
    const retention = { days: () => 7, inboxDays: 7 };
    expect(await clean(db, retention, new Date())).toBe(1);
    expect(await keys(db)).toEqual(['b', 'c']);
    expect(await clean(db, retention, new Date(Date.now() + 8 * day))).toBe(2);
  });

  it('with Kafka deletes what was shipped, and keeps what was not however old', async () => {
    await using database = await testDatabase({ database: true });
    await using db = openDatabase(database.url);
    await migrateEvents(db);
    for (const imageDigest of ['shipped', 'open', 'waiting']) await publishImage(db, imageDigest);
    const { rows } = await sql<{ seq: string; xid: string }>`select seq, xid from events.log order by seq`.execute(
      db.kysely,
    );
    const xid = BigInt(rows[1]!.xid);
    await saveRelay(db.kysely, { seq: BigInt(rows[1]!.seq), open: [{ from: xid, to: xid + 1n, after: 0n }] });
    const retention = { days: () => 7, inboxDays: 7, keepShippedMs: 3_600_000 };
    expect(await clean(db, retention, new Date())).toBe(0);
    expect(await clean(db, retention, new Date(Date.now() + 30 * day))).toBe(1);
    expect(await keys(db)).toEqual(['open', 'waiting']);
  });
});

function publishImage(db: ReturnType<typeof openDatabase>, imageDigest: string) {
  return db.transaction((tx) => publish(tx, ImageScannedSchema, { imageDigest }, { source: 'image-scanner' }));
}

async function keys(db: ReturnType<typeof openDatabase>): Promise<string[]> {
  const { rows } = await sql<{ key: string }>`select key from events.log order by seq`.execute(db.kysely);
  return rows.map((row) => row.key);
}

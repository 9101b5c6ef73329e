import { AdvisoriesImportedSchema } from '@gabion/contracts/gabion/scan/v1/events_pb';
import { type Database, openDatabase } from '@gabion/postgres/database';
import { createLog } from '@gabion/telemetry/log';
import { startTracing, traceId, withTraceparent } from '@gabion/telemetry/tracing';
import { postgresForTests, testDatabase } from '@gabion/testkit/postgres';
import { describe, expect, it } from '@jest/globals';
import { sql } from 'kysely';
import { openBus } from '../src/bus.ts';
import { openLog } from '../src/logs.ts';
import { publish } from '../src/publish.ts';
import { grantReader, migrateEvents } from '../src/schema.ts';
import { eventually } from './site.ts';

const log = createLog({ service: 'test', level: 'fatal' });
const event = { source: 'debian', advisoryCount: 1n };

function openOn(db: Database, service: string, url: string) {
  return openBus({ service, db, log, config: { kind: 'postgres', logs: { 'image-scanner': url } } });
}

describe('publishing', () => {
  it('leaves no event when the transaction rolls back', async () => {
    await using database = await testDatabase({ database: true });
    await using db = openDatabase(database.url);
    await using _bus = await openOn(db, 'image-scanner', database.url);
    const failing = db.transaction(async (tx) => {
      await publish(tx, AdvisoriesImportedSchema, event);
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    const { rows } = await sql`select 1 from events.log`.execute(db.kysely);
    expect(rows).toEqual([]);
  });

  it('refuses the topic of another service, and a source that nobody named', async () => {
    await using database = await testDatabase({ database: true });
    await using db = openDatabase(database.url);
    await migrateEvents(db);
    const anonymous = db.transaction((tx) => publish(tx, AdvisoriesImportedSchema, event));
    await expect(anonymous).rejects.toMatchObject({ code: 'source_unknown' });
    await using _bus = await openOn(db, 'identity', database.url);
    const foreign = db.transaction((tx) => publish(tx, AdvisoriesImportedSchema, event));
    await expect(foreign).rejects.toMatchObject({ code: 'not_the_owner' });
  });

  it('carries the trace of the publisher to the handler', async () => {
    await using _tracing = await startTracing({ service: 'test' });
    await using database = await testDatabase({ database: true });
    await using db = openDatabase(database.url);
    await using bus = await openOn(db, 'image-scanner', database.url);
    const seen: (string | undefined)[] = [];
    await bus.consume({ group: 'g', schema: AdvisoriesImportedSchema, handle: async () => void seen.push(traceId()) });
    const trace = '0af7651916cd43dd8448eb211c80319c';
    await withTraceparent(`00-${trace}-b7ad6b7169203331-01`, () =>
      db.transaction((tx) => publish(tx, AdvisoriesImportedSchema, event)),
    );
    await eventually('the event', () => seen.length === 1);
    expect(seen).toEqual([trace]);
  });

  it('lets the reading role read the log and nothing else', async () => {
    await using database = await testDatabase({ database: true });
    await using db = openDatabase(database.url);
    const server = await postgresForTests();
    const role = `reader_${new URL(database.url).pathname.slice(1)}`;
    await sql`create role ${sql.id(role)} login password 'x'`.execute(db.kysely);
    try {
      await migrateEvents(db);
      await grantReader(db, role);
      await db.transaction(async (tx) => {
        await sql`set local role ${sql.id(role)}`.execute(tx);
        await sql`select * from events.log`.execute(tx);
      });
      const prying = db.transaction(async (tx) => {
        await sql`set local role ${sql.id(role)}`.execute(tx);
        await sql`select * from events.parked`.execute(tx);
      });
      await expect(prying).rejects.toThrow('permission denied');
    } finally {
      await sql`drop owned by ${sql.id(role)}`.execute(db.kysely);
      await sql`drop role ${sql.id(role)}`.execute(db.kysely);
      await server[Symbol.asyncDispose]();
    }
  });

  it('waits quietly for a service that has no database yet, and reads it once it has', async () => {
    await using mine = await testDatabase({ database: true });
    await using theirs = await testDatabase({ database: true });
    await using db = openDatabase(mine.url);
    await using bus = await openOn(db, 'identity', theirs.url);
    const seen: bigint[] = [];
    await bus.consume({
      group: 'g',
      schema: AdvisoriesImportedSchema,
      handle: async ({ message }) => void seen.push(message.advisoryCount),
    });
    await using foreign = openLog(theirs.url);
    await expect(sql`select 1 from events.log`.execute(foreign.db.kysely)).rejects.toThrow();
    await using owner = openDatabase(theirs.url);
    await using _theirBus = await openOn(owner, 'image-scanner', theirs.url);
    await owner.transaction((tx) => publish(tx, AdvisoriesImportedSchema, event));
    await eventually('the event', () => seen.length === 1);
  });
});

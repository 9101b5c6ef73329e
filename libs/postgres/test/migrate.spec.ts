import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { sql } from 'kysely';
import { type Database, openDatabase } from '../src/database.ts';
import { migrate } from '../src/migrate.ts';
import type { PostgresServer } from '../src/server.ts';
import { ownServer } from './own-server.ts';

let server: PostgresServer;
let db: Database;
let suite = 0;

const stones = { id: '0001-stones', sql: 'create table stones (id int); insert into stones values (1)' };
const walls = { id: '0002-walls', sql: 'create table walls (id int)' };
const broken = { id: '0003-broken', sql: 'create table half (id int); select nonsense' };

beforeAll(async () => {
  server = await ownServer();
});
beforeEach(async () => {
  await db?.[Symbol.asyncDispose]();
  const schema = `m${suite++}`;
  db = openDatabase(server.adminUrl, { schema });
  await sql`create schema ${sql.id(schema)}`.execute(db.kysely);
});
afterAll(async () => {
  await db[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

const tables = async () => {
  const { rows } = await sql<{ name: string }>`
    select tablename as name from pg_tables where schemaname = current_schema() order by 1`.execute(db.kysely);
  return rows.map(({ name }) => name);
};

describe('migrate', () => {
  it('applies what is new, once', async () => {
    await migrate(db, 'wall', [stones]);
    await migrate(db, 'wall', [stones, walls]);
    await migrate(db, 'wall', [stones, walls]);
    expect(await tables()).toEqual(['gabion_migrations', 'stones', 'walls']);
    expect((await sql`select count(*)::int as n from stones`.execute(db.kysely)).rows).toEqual([{ n: 1 }]);
  });

  it('applies each step once when two processes start together', async () => {
    const schema = `m${suite - 1}`;
    await using other = openDatabase(server.adminUrl, { schema });
    await Promise.all([db, other, db, other].map((each) => migrate(each, 'wall', [stones, walls])));
    expect((await sql`select count(*)::int as n from stones`.execute(db.kysely)).rows).toEqual([{ n: 1 }]);
  });

  it('keeps owners that share a database apart', async () => {
    await migrate(db, 'wall', [stones]);
    await migrate(db, 'events', [{ id: '0001-stones', sql: 'create table log (id int)' }]);
    expect(await tables()).toEqual(['gabion_migrations', 'log', 'stones']);
  });

  it('leaves nothing behind when a step fails', async () => {
    await expect(migrate(db, 'wall', [stones, walls, broken])).rejects.toThrow('nonsense');
    expect(await tables()).toEqual([]);
  });

  it('refuses a database of a newer version', async () => {
    await migrate(db, 'wall', [stones, walls]);
    await expect(migrate(db, 'wall', [stones])).rejects.toMatchObject({ code: 'schema_newer' });
  });

  it('refuses a step that was changed after it had been applied', async () => {
    await migrate(db, 'wall', [stones]);
    const changed = { ...stones, sql: `${stones.sql} ` };
    await expect(migrate(db, 'wall', [changed])).rejects.toMatchObject({ code: 'migration_changed' });
  });

  it('refuses a new step before an applied one, and steps in disorder', async () => {
    await migrate(db, 'wall', [walls]);
    await expect(migrate(db, 'wall', [stones, walls])).rejects.toMatchObject({ code: 'migration_out_of_order' });
    await expect(migrate(db, 'x', [walls, stones])).rejects.toMatchObject({ code: 'migration_out_of_order' });
  });
});

import { describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { postgresForTests, testDatabase } from './postgres.ts';
import { startServersForRun } from './servers.ts';

describe('servers of a test run', () => {
  it('are handed over by environment and gone afterwards', async () => {
    // This very test may run with the servers of such a run.
    for (const name of ['POSTGRES', 'REDIS', 'KAFKA']) delete process.env[`GABION_TEST_${name}`];
    const servers = await startServersForRun();
    const url = servers.env.GABION_TEST_POSTGRES!;
    expect(await currentSchema(url)).toBe('public');
    for (const [name, key] of [
      ['Redis', 'GABION_TEST_REDIS'],
      ['Kafka', 'GABION_TEST_KAFKA'],
    ] as const) {
      expect(name in servers.skipped).not.toBe(key in servers.env);
    }
    await servers[Symbol.asyncDispose]();
    await expect(currentSchema(url)).rejects.toThrow();
  });
});

describe('a test database', () => {
  it('is a schema of its own, gone on dispose', async () => {
    await using server = await postgresForTests();
    const one = await testDatabase();
    await using other = await testDatabase();
    const schema = await currentSchema(one.url);
    expect(schema).toMatch(/^test_/);
    expect(await currentSchema(other.url)).not.toBe(schema);
    await one[Symbol.asyncDispose]();
    expect(await ask(server.adminUrl, `select from pg_namespace where nspname = '${schema}'`)).toEqual([]);
  });

  it('is a database of its own when asked, dropped under open connections too', async () => {
    await using server = await postgresForTests();
    const own = await testDatabase({ database: true });
    const open = new pg.Client(own.url);
    open.on('error', () => {});
    await open.connect();
    await own[Symbol.asyncDispose]();
    const name = new URL(own.url).pathname.slice(1);
    expect(await ask(server.adminUrl, `select from pg_database where datname = '${name}'`)).toEqual([]);
    await open.end().catch(() => {});
  });
});

async function currentSchema(url: string): Promise<unknown> {
  const [row] = await ask(url, 'select current_schema() as schema');
  return (row as { schema: string }).schema;
}

async function ask(url: string, statement: string): Promise<unknown[]> {
  const client = new pg.Client(url);
  await client.connect();
  try {
    return (await client.query(statement)).rows;
  } finally {
    await client.end();
  }
}

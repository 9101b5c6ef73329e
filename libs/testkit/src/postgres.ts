import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openServer } from '@gabion/postgres/server';
import pg from 'pg';

let shared: Promise<SharedServer> | undefined;

interface SharedServer {
  readonly adminUrl: string;
  users: number;
  stop(): Promise<void>;
}

/**
 * A PostgreSQL for this test process: the one of GABION_TEST_POSTGRES (a superuser's URL), else one started for it. The
 * last one to dispose stops it.
 */
export async function postgresForTests(): Promise<{ adminUrl: string } & AsyncDisposable> {
  const given = process.env.GABION_TEST_POSTGRES;
  if (given) return { adminUrl: given, [Symbol.asyncDispose]: async () => {} };
  shared ??= startShared();
  const server = await shared.catch((error: unknown) => {
    shared = undefined;
    throw error;
  });
  server.users++;
  let released = false;
  return {
    adminUrl: server.adminUrl,
    [Symbol.asyncDispose]: async () => {
      if (released) return;
      released = true;
      if (--server.users > 0) return;
      shared = undefined;
      await server.stop();
    },
  };
}

/** A fresh schema of its own for a suite (or a database, where the code under test names its schemas); gone on dispose. */
export async function testDatabase(options: { database?: boolean } = {}): Promise<{ url: string } & AsyncDisposable> {
  const server = await postgresForTests();
  const name = `test_${randomBytes(6).toString('hex')}`;
  const kind = options.database ? 'database' : 'schema';
  await admin(server.adminUrl, `create ${kind} ${name}`);
  return {
    url: options.database ? inDatabase(server.adminUrl, name) : inSchema(server.adminUrl, name),
    [Symbol.asyncDispose]: async () => {
      await admin(
        server.adminUrl,
        options.database ? `drop database ${name} with (force)` : `drop schema ${name} cascade`,
      );
      await server[Symbol.asyncDispose]();
    },
  };
}

async function startShared(): Promise<SharedServer> {
  const dataDir = await mkdtemp(join(tmpdir(), 'gabion-test-pg-'));
  await chmod(dataDir, 0o711);
  const server = await openServer({ dataDir });
  return {
    adminUrl: server.adminUrl,
    users: 0,
    stop: async () => {
      await server[Symbol.asyncDispose]();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

async function admin(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 10_000 });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}

function inDatabase(adminUrl: string, name: string): string {
  const url = new URL(adminUrl);
  url.pathname = `/${name}`;
  return url.href;
}

function inSchema(adminUrl: string, name: string): string {
  const url = new URL(adminUrl);
  url.searchParams.set('options', `-c search_path=${name}`);
  return url.href;
}

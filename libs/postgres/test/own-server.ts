import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openServer, type PostgresServer } from '../src/server.ts';

/** A temporary directory that every user may pass through, gone on dispose. */
export async function temporaryDir(): Promise<{ readonly path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(tmpdir(), 'gabion-pg-test-'));
  await chmod(path, 0o711);
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

/**
 * A server for one suite: never the one that a run shares, since these suites make roles and databases of fixed names.
 * (They cannot use the testkit, which stands on this library.)
 */
export async function ownServer(): Promise<PostgresServer> {
  const directory = await temporaryDir();
  const server = await openServer({ dataDir: directory.path });
  return {
    ...server,
    [Symbol.asyncDispose]: async () => {
      await server[Symbol.asyncDispose]();
      await directory[Symbol.asyncDispose]();
    },
  };
}

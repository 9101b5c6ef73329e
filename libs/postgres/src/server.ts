import { chown, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { type Account, barrierTo, serverAccount } from './account.ts';
import { findBinaries, oldestMajor } from './binaries.ts';
import { clusterOf, initialise, majorOf, prepareDataDir, superuserPassword } from './cluster.ts';
import { lockData } from './data-lock.ts';
import { socketDirPrefix, stopLeftover } from './leftover.ts';
import { PostgresError } from './postgres-error.ts';
import { type Postmaster, type PostmasterOptions, startPostmaster } from './postmaster.ts';
import { typed } from './sql-state.ts';

/** A server that takes connections at `adminUrl` (a superuser's URL); disposing stops it when it was started here. */
export interface PostgresServer extends AsyncDisposable {
  readonly adminUrl: string;
  readonly origin: 'url' | 'installed' | 'embedded';
  readonly version: string;
  readonly pid?: number;
}

/** `url` wins over everything; `prefer` turns the order of installed and embedded binaries. */
export interface ServerOptions {
  readonly url?: string;
  readonly dataDir: string;
  readonly onProgress?: (line: string) => void;
  readonly prefer?: 'installed' | 'embedded';
}

/**
 * The PostgreSQL to use: the one at `url`, else one started in `dataDir` from installed binaries, else from the npm
 * package's. Started ones listen on a unix socket only, run as an unprivileged user when this process is root, are
 * started again when they die, and end with this process.
 */
export async function openServer(options: ServerOptions): Promise<PostgresServer> {
  if (options.url !== undefined) return existingServer(options.url);
  if (process.platform === 'win32') {
    throw new PostgresError('unsupported_platform', 'starting PostgreSQL needs unix sockets: give the URL of a server');
  }
  try {
    return await startedServer(resolve(options.dataDir), options);
  } catch (error) {
    throw fromFileSystem(error, options.dataDir);
  }
}

async function existingServer(url: string): Promise<PostgresServer> {
  const version = await versionAt(url);
  if (Number.parseInt(version, 10) < oldestMajor) {
    throw new PostgresError('wrong_major_version', `the server is PostgreSQL ${version}; ${oldestMajor} is the oldest`);
  }
  return { adminUrl: url, origin: 'url', version, [Symbol.asyncDispose]: async () => {} };
}

async function startedServer(dataDir: string, options: ServerOptions): Promise<PostgresServer> {
  const progress = options.onProgress ?? (() => {});
  await using opening = new AsyncDisposableStack();
  const account = await serverAccount(clusterOf(dataDir));
  await prepareDataDir(dataDir, account);
  opening.use(await lockData(dataDir));
  const barrier = await barrierTo(dataDir, account);
  if (barrier) {
    throw new PostgresError(
      'unreachable_directory',
      `PostgreSQL runs as ${account?.name}, who may not enter ${barrier}: choose a data directory outside of it`,
    );
  }
  const major = await majorOf(dataDir);
  const wanted = { runtimeDir: join(dataDir, 'runtime'), account, prefer: options.prefer, major };
  const binaries = await findBinaries(wanted);
  if (major === undefined) progress(`creating a PostgreSQL ${binaries.major} data directory`);
  await initialise(dataDir, binaries, account);

  const socketDir = await socketDirIn(dataDir, account, opening);
  const logFile = join(dataDir, 'postgres.log');
  progress(`starting PostgreSQL ${binaries.version} (${binaries.origin})`);
  const server = await keepRunning({ binaries, cluster: clusterOf(dataDir), socketDir, logFile, account }, progress);
  opening.defer(() => server.stop());
  const adminUrl = urlOf(socketDir, await superuserPassword(dataDir));
  await versionAt(adminUrl);
  const opened = opening.move();
  return {
    adminUrl,
    origin: binaries.origin,
    version: binaries.version,
    get pid() {
      return server.pid();
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

/** A socket's path fits into 107 bytes (sun_path, less its final zero), which a deep data directory does not leave. */
async function socketDirIn(dataDir: string, account: Account | undefined, opening: AsyncDisposableStack) {
  let socketDir = join(dataDir, 'run');
  if (Buffer.byteLength(join(socketDir, '.s.PGSQL.5432.lock')) <= 107)
    await mkdir(socketDir, { recursive: true, mode: 0o700 });
  else {
    socketDir = await mkdtemp(join(tmpdir(), socketDirPrefix));
    opening.defer(() => rm(socketDir, { recursive: true, force: true }));
  }
  if (account) await chown(socketDir, account.uid, account.gid);
  return socketDir;
}

/** Starts the server and starts it again whenever it dies, unless it dies over and over. */
async function keepRunning(options: PostmasterOptions, progress: (line: string) => void) {
  let current: Postmaster = await startPatiently(options);
  const stopping = new AbortController();
  const watch = async () => {
    for (let deaths = 0, since = Date.now(); deaths < 5; deaths++, since = Date.now()) {
      await current.ended;
      if (stopping.signal.aborted) return;
      // One that has run for a minute was a good start; the count is of failures in a row.
      if (Date.now() - since > 60_000) deaths = 0;
      progress('PostgreSQL ended unexpectedly; starting it again');
      await delay(100 * 2 ** deaths, undefined, { signal: stopping.signal }).catch(() => {});
      if (stopping.signal.aborted) return;
      current = await startPatiently(options).catch((error: Error) => {
        progress(`PostgreSQL does not start: ${error.message}`);
        return { pid: current.pid, ended: Promise.resolve(), stop: async () => {} };
      });
    }
    progress('PostgreSQL keeps ending; giving up on it');
  };
  const watched = watch();
  return {
    pid: () => current.pid,
    stop: async () => {
      stopping.abort();
      await current.stop();
      await watched;
      // Dies with the wait above if a restart was under way when the stop came.
      await current.stop();
    },
  };
}

/** The processes of a server that was killed leave one by one; until the last has gone, no other can start. */
async function startPatiently(options: PostmasterOptions): Promise<Postmaster> {
  for (let tries = 1; ; tries++) {
    await stopLeftover(options.cluster);
    try {
      return await startPostmaster(options);
    } catch (error) {
      if (!(error instanceof PostgresError) || error.code !== 'server_busy' || tries === 40) throw error;
      await delay(250);
    }
  }
}

function urlOf(socketDir: string, password: string): string {
  const host = `host=${encodeURIComponent(socketDir)}`;
  return `postgresql://postgres:${encodeURIComponent(password)}@localhost/postgres?${host}`;
}

async function versionAt(url: string): Promise<string> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 10_000, application_name: 'gabion' });
  client.on('error', () => {});
  try {
    await client.connect();
    const { rows } = await client.query<{ server_version: string }>('show server_version');
    // Debian adds its package's version in parentheses.
    return rows[0]!.server_version.split(' ')[0]!;
  } catch (error) {
    throw typed(error, 'connect');
  } finally {
    await client.end().catch(() => {});
  }
}

function fromFileSystem(error: unknown, dataDir: string): unknown {
  const { code, message } = error as NodeJS.ErrnoException;
  if (error instanceof PostgresError) return error;
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new PostgresError('disk_full', `the disk of ${dataDir} is full`, { cause: error });
  }
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') {
    return new PostgresError('permission_denied', message, { cause: error });
  }
  return error;
}

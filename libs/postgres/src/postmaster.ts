import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { type FileHandle, open, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { type Account, identityOf } from './account.ts';
import type { Binaries } from './binaries.ts';
import { failureOf, serverEnv } from './cluster.ts';
import { PostgresError } from './postgres-error.ts';
import { settings } from './settings.ts';

const run = promisify(execFile);

/** What a server is started with. */
export interface PostmasterOptions {
  readonly binaries: Binaries;
  readonly cluster: string;
  readonly socketDir: string;
  readonly logFile: string;
  readonly account: Account | undefined;
}

/** A server process that is ready; `ended` settles when it is gone, wanted or not. */
export interface Postmaster {
  readonly pid: number;
  readonly ended: Promise<void>;
  stop(): Promise<void>;
}

/** Starts the server and waits until it takes connections (crash recovery included, however long that is). */
export async function startPostmaster(options: PostmasterOptions): Promise<Postmaster> {
  const log = await openLog(options.logFile);
  const logStart = (await log.stat()).size;
  const { command, args } = await commandLine(options);
  const child = spawn(command, args, {
    ...identityOf(options.account),
    cwd: '/',
    env: serverEnv(),
    // A group of its own: Ctrl+C in a terminal reaches Gabion, which stops the services before their database.
    detached: true,
    stdio: ['ignore', log.fd, log.fd],
  });
  const exit = endOf(child);
  const ended = exit.finally(() => log.close()).catch(() => {});
  const pid = child.pid;
  if (pid === undefined) {
    throw new PostgresError('server_failed', `postgres does not start: ${await exit.then(String, String)}`);
  }
  let gone = false;
  void ended.then(() => {
    gone = true;
  });
  while (!(await isReady(options.cluster, pid))) {
    if (gone) throw failureOf('postgres', (await readFile(options.logFile)).subarray(logStart).toString('utf8'));
    await delay(10);
  }
  return { pid, ended, stop: () => stop(pid, ended) };
}

async function stop(pid: number, ended: Promise<void>): Promise<void> {
  for (const [signal, patienceMs] of [
    ['SIGINT', 5_000],
    ['SIGQUIT', 3_000],
    ['SIGKILL', 3_000],
  ] as const) {
    try {
      process.kill(pid, signal);
    } catch {
      // Gone already.
    }
    if (await endsWithin(ended, patienceMs)) return;
  }
}

async function endsWithin(ended: Promise<void>, patienceMs: number): Promise<boolean> {
  const timer = new AbortController();
  const patience = delay(patienceMs, false, { signal: timer.signal, ref: false }).catch(() => false);
  const outcome = await Promise.race([ended.then(() => true), patience]);
  timer.abort();
  return outcome;
}

function endOf(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', () => resolve());
  });
}

async function commandLine({ binaries, cluster, socketDir }: PostmasterOptions) {
  const server = [join(binaries.binDir, 'postgres'), '-D', cluster, ...settings({ socketDir, major: binaries.major })];
  // The kernel then ends the server when this process dies without having stopped it.
  if (await canFollowParent()) return { command: 'setpriv', args: ['--pdeathsig', 'INT', ...server] };
  const [command, ...args] = server as [string, ...string[]];
  return { command, args };
}

/** util-linux has it from 2.33 on; BusyBox's setpriv does not. */
async function canFollowParent(): Promise<boolean> {
  if (process.platform !== 'linux') return false;
  const { stdout } = await run('setpriv', ['--help']).catch(() => ({ stdout: '' }));
  return stdout.includes('--pdeathsig');
}

/** The eighth line of postmaster.pid says how far the server is. */
async function isReady(cluster: string, pid: number): Promise<boolean> {
  const record = await readFile(join(cluster, 'postmaster.pid'), 'utf8').catch(() => '');
  const lines = record.split('\n');
  return Number(lines[0]) === pid && lines[7]?.trim() === 'ready';
}

async function openLog(file: string): Promise<FileHandle> {
  const size = await stat(file).then(
    ({ size }) => size,
    () => 0,
  );
  // The server appends for as long as it runs and only warnings are written, so a look at each start is enough.
  return open(file, size > 10 * 2 ** 20 ? 'w' : 'a', 0o640);
}

import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { open, readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A server program run for tests; it ends with this process even when that is killed. */
export interface ServerProcess {
  readonly pid: number;
  /** Ends it by SIGTERM (SIGKILL after 10 s, or at once by `kill`). */
  stop(how?: 'stop' | 'kill'): Promise<void>;
}

/** Starts `command` and waits until `isReady` says so; an early end is an error with the last lines it wrote. */
export async function startServerProcess(
  command: string,
  args: readonly string[],
  options: { logFile: string; isReady: () => Promise<boolean>; patienceMs?: number; cwd?: string },
): Promise<ServerProcess> {
  const log = await open(options.logFile, 'a');
  const leashed = await leash();
  const [program, ...rest] = [...leashed, command, ...args] as [string, ...string[]];
  const child = spawn(program, rest, { stdio: ['ignore', log.fd, log.fd], cwd: options.cwd, detached: true });
  let ended = false;
  const end = new Promise<void>((resolve) => {
    child.once('error', () => resolve());
    child.once('exit', () => resolve());
  }).then(async () => {
    ended = true;
    await log.close();
  });
  const deadline = Date.now() + (options.patienceMs ?? 60_000);
  while (!(await options.isReady())) {
    if (ended || Date.now() > deadline) {
      child.kill('SIGKILL');
      const said = await readFile(options.logFile, 'utf8');
      throw new Error(`${command} ${ended ? 'ended' : 'was not ready in time'}: ${said.slice(-2_000)}`);
    }
    await delay(25);
  }
  if (ended || child.pid === undefined) throw new Error(`${command} ended; another server answers in its place`);
  return { pid: child.pid, stop: (how) => stop(child, end, how) };
}

async function stop(child: ChildProcess, end: Promise<void>, how: 'stop' | 'kill' = 'stop'): Promise<void> {
  child.kill(how === 'kill' ? 'SIGKILL' : 'SIGTERM');
  const late = setTimeout(() => child.kill('SIGKILL'), 10_000);
  await end;
  clearTimeout(late);
}

/** A prefix to a command that has the kernel end it with its parent (util-linux from 2.33 on). */
async function leash(): Promise<readonly string[]> {
  if (process.platform !== 'linux') return [];
  const { stdout } = await run('setpriv', ['--help']).catch(() => ({ stdout: '' }));
  return stdout.includes('--pdeathsig') ? ['setpriv', '--pdeathsig', 'KILL'] : [];
}

/** A loopback TCP port that nobody listens on at this moment. */
export async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve, reject) => {
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', resolve);
  });
  const address = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

/** Whether `program` can be run here. */
export async function isInstalled(program: string): Promise<boolean> {
  return run('/bin/sh', ['-c', 'command -v "$1"', 'sh', program]).then(
    () => true,
    () => false,
  );
}

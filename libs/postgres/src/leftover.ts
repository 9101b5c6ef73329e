import { readFile, readlink, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { isAlive } from './data-lock.ts';
import { PostgresError } from './postgres-error.ts';

/** Begins the name of a socket directory that had to go to the system's temporary directory. */
export const socketDirPrefix = 'gabion-pg-';

/**
 * Stops the server that an earlier Gabion, killed before it could, has left in `cluster`; to be called with the data
 * directory's lock held. Stopped rather than adopted: it may run other binaries and other settings.
 */
export async function stopLeftover(cluster: string): Promise<void> {
  const record = await readFile(join(cluster, 'postmaster.pid'), 'utf8').catch(() => undefined);
  if (record === undefined) return;
  const [pidLine, , , , socketDir] = record.split('\n');
  const pid = Number(pidLine);
  if (await isServerOf(pid, cluster)) {
    // SIGINT asks PostgreSQL for a fast shutdown, SIGQUIT for one that recovers at the next start.
    if (!(await endsAfter(pid, 'SIGINT', 10_000)) && !(await endsAfter(pid, 'SIGQUIT', 5_000))) {
      throw new PostgresError('server_busy', `the server of an earlier run (process ${pid}) does not stop`);
    }
  }
  // A number that is a stranger's by now, or a zombie's that nobody collects (PID 1 of many containers), would keep
  // PostgreSQL from starting; what is left of a killed one it finds by its shared memory as well.
  await rm(join(cluster, 'postmaster.pid'), { force: true });
  if (socketDir && dirname(socketDir) === tmpdir() && basename(socketDir).startsWith(socketDirPrefix)) {
    await rm(socketDir, { recursive: true, force: true });
  }
}

/** A stale file's number may belong to a stranger by now: only a process that works in the cluster is a server of it. */
async function isServerOf(pid: number, cluster: string): Promise<boolean> {
  if (!Number.isSafeInteger(pid) || pid <= 1 || !isAlive(pid)) return false;
  const workingDir = await readlink(`/proc/${pid}/cwd`).catch((error: NodeJS.ErrnoException) => error.code);
  if (workingDir === 'ENOENT' && process.platform !== 'linux') return true;
  return workingDir === (await realpath(cluster));
}

async function endsAfter(pid: number, signal: NodeJS.Signals, patienceMs: number): Promise<boolean> {
  try {
    process.kill(pid, signal);
  } catch {
    return !isAlive(pid);
  }
  for (const end = Date.now() + patienceMs; Date.now() < end; ) {
    if (!isAlive(pid) || (await isZombie(pid))) return true;
    await delay(10);
  }
  return false;
}

async function isZombie(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return stat.slice(stat.lastIndexOf(')') + 2).startsWith('Z');
}

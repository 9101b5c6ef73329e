import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';
import { Complaint, exitCodes } from './complaint.ts';
import type { DataDir } from './data-dir.ts';

/** The process that holds a data directory, as it says itself. */
export interface Holder {
  readonly pid: number;
  /** When the process began, in ticks since the machine did: with `pid` it names one life of a process. */
  readonly life: string;
  /** ISO 8601. */
  readonly since: string;
  readonly version: string;
  /** What it does: the whole platform, or one scan. */
  readonly does: 'platform' | 'scan';
  /** Once it is ready. */
  readonly url?: string;
  /** "host:port" of the gateway's gRPC. */
  readonly grpc?: string;
  readonly services?: readonly string[];
  readonly postgres?: { readonly origin: string; readonly version: string };
  readonly bus?: 'kafka' | 'postgres';
}

export interface Held extends AsyncDisposable {
  /** Tells others more about the holder. */
  tell(more: Partial<Holder>): Promise<void>;
}

/**
 * Takes the data directory for this process. The lock is the kernel's (a record lock that SQLite takes): it ends with
 * the process however that ends, so there is nothing stale to judge, and two that start at once cannot both have it.
 */
export async function hold(dataDir: DataDir, about: Pick<Holder, 'version' | 'does'>): Promise<Held> {
  const lock = new DatabaseSync(dataDir.lockFile, { timeout: 0 });
  try {
    lock.exec('pragma locking_mode = exclusive; pragma journal_mode = memory; begin exclusive; commit');
  } catch (error) {
    lock.close();
    if ((error as { errcode?: number }).errcode !== sqliteBusy) throw error;
    throw await taken(dataDir);
  }
  let holder: Holder = {
    pid: process.pid,
    life: (await lifeOf(process.pid)) ?? '',
    since: new Date().toISOString(),
    ...about,
  };
  const tell = async (more: Partial<Holder>) => {
    holder = { ...holder, ...more };
    const draft = `${dataDir.holderFile}.new`;
    await writeFile(draft, `${JSON.stringify(holder, null, 2)}\n`, { mode: 0o600 });
    await rename(draft, dataDir.holderFile);
  };
  await tell({});
  return {
    tell,
    async [Symbol.asyncDispose]() {
      await rm(dataDir.holderFile, { force: true });
      lock.close();
    },
  };
}

/** SQLITE_BUSY of sqlite3.h. */
const sqliteBusy = 5;

/** Who holds the data directory; undefined when nobody does, or when this user may not know. */
export async function holderOf(dataDir: DataDir): Promise<Holder | undefined> {
  const text = await readFile(dataDir.holderFile, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const holder = JSON.parse(text) as Holder;
  return (await isRunning(holder, dataDir)) ? holder : undefined;
}

/** Whether that life of the process goes on. Where /proc shows none that lets nobody read its memory (hidepid), the lock tells. */
export async function isRunning({ pid, life }: Pick<Holder, 'pid' | 'life'>, dataDir: DataDir): Promise<boolean> {
  const seen = await lifeOf(pid);
  return seen === '' && life !== '' ? isLocked(dataDir) : seen === life;
}

function isLocked({ lockFile }: DataDir): boolean {
  const lock = new DatabaseSync(lockFile, { timeout: 0 });
  try {
    lock.exec('select * from sqlite_schema');
    return false;
  } catch (error) {
    if ((error as { errcode?: number }).errcode !== sqliteBusy) throw error;
    return true;
  } finally {
    lock.close();
  }
}

async function taken(dataDir: DataDir): Promise<Complaint> {
  // The winner of a race has the lock a moment before its name is there to read.
  for (let tries = 0; tries < 10 && !(await holderOf(dataDir)); tries++) await delay(50);
  const holder = await holderOf(dataDir);
  const who = holder ? `process ${holder.pid} (since ${holder.since})` : 'another process';
  return new Complaint(`${dataDir.root} is in use by ${who}`, {
    code: 'data_in_use',
    hint: 'Stop it with `gabion down`, or choose another directory with --data.',
    exitCode: exitCodes.failed,
  });
}

/** Start time of a living process; undefined when there is none of that id. */
async function lifeOf(pid: number): Promise<string | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  if (stat !== undefined) {
    // Fields of proc(5) after the command's closing parenthesis: the state first, the start time (22) twentieth.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? undefined : fields[19];
  }
  try {
    process.kill(pid, 0);
    return '';
  } catch (error) {
    return process.platform !== 'linux' && (error as NodeJS.ErrnoException).code === 'EPERM' ? '' : undefined;
  }
}

import { randomUUID } from 'node:crypto';
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PostgresError } from './postgres-error.ts';

/**
 * Takes a data directory for this process. PostgreSQL's own lock cannot serve: it holds for a server whose Gabion was
 * killed as well, and that one is to be stopped, while the server of a living Gabion must be left alone.
 */
export async function lockData(dataDir: string): Promise<AsyncDisposable> {
  const file = join(dataDir, 'owner');
  const draft = `${file}.${randomUUID()}`;
  await writeFile(draft, await lifeOf(process.pid));
  try {
    // Linked rather than written in place: the file is never seen without its content.
    while (!(await linked(draft, file))) await clearStale(file, dataDir);
  } finally {
    await rm(draft, { force: true });
  }
  return { [Symbol.asyncDispose]: () => rm(file, { force: true }) };
}

async function linked(draft: string, file: string): Promise<boolean> {
  try {
    await link(draft, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

async function clearStale(file: string, dataDir: string): Promise<void> {
  const holder = await readFile(file, 'utf8').catch(() => undefined);
  if (holder === undefined) return;
  const pid = Number.parseInt(holder, 10);
  if ((await lifeOf(pid)) === holder) {
    throw new PostgresError('server_busy', `${dataDir} is in use by process ${pid}`);
  }
  // Moved away rather than deleted: of two processes that both saw the stale file, one may hold a fresh one by now.
  const aside = `${file}.${randomUUID()}`;
  await rename(file, aside).catch(() => {});
  const moved = await readFile(aside, 'utf8').catch(() => undefined);
  if (moved !== undefined && moved !== holder) await rename(aside, file);
  else await rm(aside, { force: true });
}

/** Process id and start time, which together name one life of a process: ids are used again. */
async function lifeOf(pid: number): Promise<string> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  if (stat === undefined) return isAlive(pid) ? `${pid} -\n` : '';
  // Fields 3 and 22 of proc(5), counted after the command's closing parenthesis, which may itself hold spaces.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields[0] === 'Z' ? '' : `${pid} ${fields[19]}\n`;
}

/** Whether a process of this id exists, whoever owns it. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

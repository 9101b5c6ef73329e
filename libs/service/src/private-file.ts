import { randomBytes } from 'node:crypto';
import { link, mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Writes a file that only this user can read, unless `mode` is wider: whole or not at all, and on the disk when this answers. */
export async function writePrivately(file: string, content: string | Uint8Array, mode = 0o600): Promise<void> {
  await rename(await draft(file, content, mode), file);
  await syncFolder(file);
}

/** The content of a file, made by `content` when it is not there. Of several processes that make it, one wins and all answer its content. */
export async function keptOrMade(file: string, content: () => string | Promise<string>): Promise<string> {
  const kept = await readFile(file, 'utf8').catch(unlessMissing);
  if (kept !== undefined) return kept;
  const draftFile = await draft(file, await content());
  try {
    await link(draftFile, file);
    await syncFolder(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    await rm(draftFile, { force: true });
  }
  return await readFile(file, 'utf8');
}

/** Undefined for a file that is not there; any other error is one. */
export function unlessMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}

async function draft(file: string, content: string | Uint8Array, mode = 0o600): Promise<string> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const name = `${file}.${randomBytes(6).toString('hex')}`;
  // "wx" never follows a link that somebody put there.
  await using handle = await open(name, 'wx', 0o600);
  try {
    await handle.writeFile(content);
    await handle.chmod(mode);
    await handle.sync();
  } catch (error) {
    await rm(name, { force: true });
    throw error;
  }
  return name;
}

async function syncFolder(file: string): Promise<void> {
  await using folder = await open(dirname(file), 'r');
  await folder.sync();
}

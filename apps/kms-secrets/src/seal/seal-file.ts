import { constants } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { keptOrMade, unlessMissing } from '@gabion/service/private-file';
import { keyBytes } from './root-key.ts';
import { SealProblem } from './seal-problem.ts';

/**
 * The file that holds a seal's key, in hexadecimal. A reseal puts the next key beside it before the database changes, and
 * in its place afterwards: whatever moment a crash takes, one of the two opens.
 */
export class SealFile {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  /** The key of the file, made by `fresh` when there is no file. */
  async keptOrMade(fresh: () => Buffer): Promise<Buffer> {
    await keptOrMade(this.path, () => `${fresh().toString('hex')}\n`);
    const key = await read(this.path);
    if (!key) throw new SealProblem(`${this.path} went away`);
    return key;
  }

  /** The keys to try: that in place, then one that a reseal left beside it. Empty when there is no file. */
  async candidates(): Promise<readonly Buffer[]> {
    const keys = [await read(this.path), await read(this.#next)];
    return keys.filter((key) => key !== undefined);
  }

  /** The key in place; undefined when there is none. */
  async inPlace(): Promise<Buffer | undefined> {
    return read(this.path);
  }

  /** Puts the key of a reseal beside the present one. */
  async prepare(key: Buffer): Promise<void> {
    await rm(this.#next, { force: true });
    await keptOrMade(this.#next, () => `${key.toString('hex')}\n`);
  }

  /** Puts the key of the reseal in place. */
  async adopt(): Promise<void> {
    await rename(this.#next, this.path).catch(unlessMissing);
  }

  async forgetPrepared(): Promise<void> {
    await rm(this.#next, { force: true });
  }

  /** Removes the file of a seal that is no longer of this kind. */
  async remove(): Promise<void> {
    await rm(this.path, { force: true });
  }

  get #next(): string {
    return `${this.path}.next`;
  }
}

/** The key in a file that only its owner can read; undefined when there is none. */
async function read(path: string): Promise<Buffer | undefined> {
  // A link could lead to a file that somebody else writes.
  await using handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW).catch(linkRefused(path));
  if (!handle) return undefined;
  const facts = await handle.stat();
  if (!facts.isFile()) throw new SealProblem(`${path} is not a file`);
  if ((facts.mode & 0o077) !== 0) throw new SealProblem(`${path} can be read by others: chmod 600 ${path}`);
  if (facts.size > 2 * keyBytes + 2) throw new SealProblem(`${path} is too long for a seal's key`);
  const text = (await handle.readFile('utf8')).trim();
  if (!/^[0-9a-f]{64}$/.test(text)) throw new SealProblem(`${path} does not hold the 64 hexadecimal digits of a key`);
  return Buffer.from(text, 'hex');
}

function linkRefused(path: string) {
  return (error: NodeJS.ErrnoException): undefined => {
    if (error.code === 'ELOOP') throw new SealProblem(`${path} is a link`);
    return unlessMissing(error);
  };
}

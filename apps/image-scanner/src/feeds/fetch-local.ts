import { createHash } from 'node:crypto';
import { readdir, realpath, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FeedFailure } from './feed-failure.ts';
import type { Fetched, Fetching } from './fetching.ts';

/** Files of a directory whose times and sizes are compared; the reader has a bound of its own. */
const maxFiles = 2_000_000;

/** A feed that is a file or a directory of this machine; it is read where it is. */
export async function fetchLocal(address: string, { validators, fileRoot, signal }: Fetching): Promise<Fetched> {
  const path = await realpath(fileURLToPath(address));
  if (fileRoot !== undefined && !`${path}${sep}`.startsWith(`${await realpath(fileRoot)}${sep}`))
    throw new FeedFailure('address_refused', `${path} is not below the directory for feeds`);
  const digest = await stampOf(path, signal);
  if (validators[address]?.digest === digest) return { kind: 'unchanged', bytes: 0 };
  return { kind: 'whole', path, validators: { [address]: { digest } }, bytes: 0 };
}

/** Names, sizes and times: what changes when a file is replaced. */
async function stampOf(root: string, signal: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  const open = [root];
  let files = 0;
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    signal.throwIfAborted();
    if (++files > maxFiles) throw new FeedFailure('feed_too_large', `the directory has over ${maxFiles} entries`);
    const found = await stat(path);
    hash.update(`${path}\0${found.isDirectory() ? 'directory' : `${found.size} ${found.mtimeMs}`}\0`);
    if (!found.isDirectory()) continue;
    const entries = await readdir(path, { withFileTypes: true });
    // Symbolic links are left out here as they are by the reader.
    const names = entries.filter((entry) => entry.isFile() || entry.isDirectory()).map(({ name }) => name);
    open.push(...names.sort().map((name) => join(path, name)));
  }
  return hash.digest('hex');
}

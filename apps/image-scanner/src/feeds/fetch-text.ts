import { createHash } from 'node:crypto';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { download } from './download.ts';
import type { Fetching } from './fetching.ts';

/** Lists of documents are far smaller than what they list. */
const maxListBytes = 64 * 1024 ** 2;

/** A list or description of a feed, as text. */
export async function fetchText(url: URL, fetching: Fetching): Promise<string> {
  const name = createHash('sha256').update(url.href).digest('hex').slice(0, 16);
  const path = join(fetching.directory, `${name}.list`);
  const { onBytes: _unused, ...quiet } = fetching;
  await download(url, path, { ...quiet, maxBytes: Math.min(fetching.maxBytes, maxListBytes) });
  try {
    return await readFile(path, 'utf8');
  } finally {
    await rm(path, { force: true });
  }
}

import { createReadStream } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { extract } from 'tar-stream';
import { AdvisoryError } from './advisory-error.ts';

/** One file of a feed, its path relative to the feed's root. */
export interface FeedFile {
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** Bounds on what a feed may hold, against archives that are made to exhaust the reader. */
export interface WalkLimits {
  readonly maxTotalBytes: number;
  readonly maxEntryBytes: number;
  readonly maxEntries: number;
}

/** Far above the largest public feed (OSV of all ecosystems) and far below what would fill a machine. */
export const defaultLimits: WalkLimits = {
  maxTotalBytes: 8 * 1024 ** 3,
  maxEntryBytes: 64 * 1024 ** 2,
  maxEntries: 2_000_000,
};

/** The files of a directory, a tar (plain or gzip) or a single file, one at a time; throws AdvisoryError. */
export async function* walk(path: string, limits: WalkLimits = defaultLimits): AsyncGenerator<FeedFile> {
  const found = await stat(path).catch((cause: unknown) => {
    throw new AdvisoryError('path_not_found', `${path} cannot be read`, { cause });
  });
  if (found.isDirectory()) yield* walkDirectory(path, limits);
  else if (/\.(?:tar|tgz|tar\.gz)$/.test(path)) yield* walkTar(createReadStream(path), limits);
  else {
    if (found.size > limits.maxEntryBytes) throw tooLarge(path, limits);
    yield { path: path.split('/').at(-1)!, bytes: await readFile(path) };
  }
}

/** The files of a tar, plain or gzip, that comes in chunks. Paths only name files here, nothing is written anywhere. */
export async function* walkTar(
  chunks: AsyncIterable<Uint8Array>,
  limits: WalkLimits = defaultLimits,
): AsyncGenerator<FeedFile> {
  const archive = extract();
  const source = Readable.from(plain(chunks), { objectMode: false });
  source.on('error', (error) => archive.destroy(error));
  source.pipe(archive);
  const budget = new Budget(limits);
  try {
    for await (const entry of archive) {
      const { name, type = 'file', size = 0 } = entry.header;
      budget.count();
      if (type !== 'file') {
        entry.resume();
        continue;
      }
      budget.take(name, size);
      const parts: Uint8Array[] = [];
      for await (const part of entry) parts.push(part as Uint8Array);
      yield { path: name, bytes: parts.length === 1 ? parts[0]! : Buffer.concat(parts) };
    }
  } catch (cause) {
    if (cause instanceof AdvisoryError) throw cause;
    throw new AdvisoryError('archive_malformed', `not a readable tar: ${(cause as Error).message}`, { cause });
  } finally {
    source.destroy();
    archive.destroy();
  }
}

async function* walkDirectory(root: string, limits: WalkLimits): AsyncGenerator<FeedFile> {
  const budget = new Budget(limits);
  const open = [''];
  for (let directory = open.pop(); directory !== undefined; directory = open.pop()) {
    const entries = await readdir(join(root, directory), { withFileTypes: true });
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const path = join(directory, entry.name);
      budget.count();
      if (entry.isDirectory()) open.push(path);
      // Symbolic links are left out: they could lead anywhere and in circles.
      if (!entry.isFile()) continue;
      budget.take(path, (await stat(join(root, path))).size);
      yield { path, bytes: await readFile(join(root, path)) };
    }
  }
}

async function* plain(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const iterator = chunks[Symbol.asyncIterator]();
  const first = await iterator.next();
  if (first.done) return;
  const all = (async function* () {
    yield first.value;
    for (let next = await iterator.next(); !next.done; next = await iterator.next()) yield next.value;
  })();
  const isGzip = first.value[0] === 0x1f && first.value[1] === 0x8b;
  if (!isGzip) yield* all;
  else {
    const source = Readable.from(all, { objectMode: false });
    const gunzip = createGunzip();
    source.on('error', (error) => gunzip.destroy(error));
    yield* source.pipe(gunzip);
  }
}

class Budget {
  #bytes = 0;
  #entries = 0;
  readonly #limits: WalkLimits;

  constructor(limits: WalkLimits) {
    this.#limits = limits;
  }

  count(): void {
    this.#entries++;
    if (this.#entries > this.#limits.maxEntries)
      throw new AdvisoryError('archive_too_many_entries', `a feed has at most ${this.#limits.maxEntries} entries`);
  }

  take(path: string, size: number): void {
    if (size > this.#limits.maxEntryBytes) throw tooLarge(path, this.#limits);
    this.#bytes += size;
    if (this.#bytes > this.#limits.maxTotalBytes)
      throw new AdvisoryError('archive_too_large', `a feed has at most ${this.#limits.maxTotalBytes} bytes`);
  }
}

function tooLarge(path: string, limits: WalkLimits): AdvisoryError {
  return new AdvisoryError('entry_too_large', `${path.slice(0, 200)} has more than ${limits.maxEntryBytes} bytes`);
}

import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { extract } from 'tar-stream';
import { AdvisoryError } from './advisory-error.ts';
import { compressionOf, nameUncompressed, uncompressed } from './archive/compression.ts';
import { Budget, defaultLimits, maxNesting, type WalkLimits } from './archive/limits.ts';
import { peeked } from './archive/peeked.ts';
import { piecesOf, splittingOf } from './archive/pieces.ts';
import { zipEntries } from './archive/zip-entries.ts';

export { defaultLimits, type WalkLimits };

/** One file of a feed, its path relative to the feed's root; of a large one a piece, `path#piece`. */
export interface FeedFile {
  readonly path: string;
  readonly bytes: Uint8Array;
  /** Why the file could not be unpacked, although the archive around it could. */
  readonly broken?: string;
}

/** The files of a directory, or of what `walkArchive` reads, one at a time; throws AdvisoryError. */
export async function* walk(path: string, limits: WalkLimits = defaultLimits): AsyncGenerator<FeedFile> {
  const found = await stat(path).catch((cause: unknown) => {
    throw new AdvisoryError('path_not_found', `${path} cannot be read`, { cause });
  });
  if (found.isDirectory()) yield* walkDirectory(path, new Budget(limits));
  else yield* walkArchive(path, limits);
}

/**
 * The files of an archive, known by its content: a tar, a zip or a single file, compressed by gzip, zstd, bzip2 or xz or
 * not at all; archives within it, too. Files beyond a size come in pieces where their format allows it.
 */
export async function* walkArchive(
  input: string | Uint8Array,
  limits: WalkLimits = defaultLimits,
): AsyncGenerator<FeedFile> {
  const path = typeof input === 'string' ? input.split('/').at(-1)! : 'feed';
  try {
    yield* filesOf({ path, input, chunks: () => chunksOf(input) }, new Budget(limits), 0);
  } catch (cause) {
    throw malformed(path, cause);
  }
}

/** The files of a tar that comes in chunks, compressed or not. Paths only name files here, nothing is written anywhere. */
export async function* walkTar(
  chunks: AsyncIterable<Uint8Array>,
  limits: WalkLimits = defaultLimits,
): AsyncGenerator<FeedFile> {
  const budget = new Budget(limits);
  try {
    const { head, all } = await peeked(chunks, magicBytes);
    if (head.length === 0) return;
    const compression = compressionOf(head);
    yield* tarFiles(compression ? counted(uncompressed(compression, all), budget) : all, budget, 0);
  } catch (cause) {
    throw malformed('tar', cause);
  }
}

/** Bytes with a name, which may be an archive. */
interface Member {
  readonly path: string;
  /** The bytes where they can be read at any place, as a zip needs. */
  readonly input?: string | Uint8Array;
  chunks(): AsyncIterable<Uint8Array>;
}

const magicBytes = 512;
/** Files beyond come in pieces where their format allows it. */
const splitAboveBytes = 8 * 1024 ** 2;

async function* filesOf(member: Member, budget: Budget, nesting: number): AsyncGenerator<FeedFile> {
  const { head, all } = await peeked(member.chunks(), magicBytes);
  if (nesting > maxNesting) throw new AdvisoryError('archive_malformed', `archives nest at most ${maxNesting} deep`);
  const compression = compressionOf(head);
  if (compression) {
    const inner = {
      path: nameUncompressed(member.path),
      chunks: () => counted(uncompressed(compression, all), budget),
    };
    yield* filesOf(inner, budget, nesting + 1);
  } else if (isZip(head)) {
    yield* zipFiles(member.input ?? (await whole(member.path, all, budget)), budget, nesting);
    await all.return(undefined);
  } else if (isTar(head) || /\.tar$/i.test(member.path)) yield* tarFiles(all, budget, nesting);
  else yield* plainFiles(member.path, all, budget);
}

function isTar(head: Buffer): boolean {
  return head.subarray(257, 262).toString('latin1') === 'ustar';
}

function isZip(head: Buffer): boolean {
  if (head.length < 4) return false;
  return head.readUInt32BE(0) === 0x504b0304 || head.readUInt32BE(0) === 0x504b0506;
}

async function* tarFiles(chunks: AsyncIterable<Uint8Array>, budget: Budget, nesting: number): AsyncGenerator<FeedFile> {
  const archive = extract();
  const source = Readable.from(chunks, { objectMode: false });
  source.on('error', (error) => archive.destroy(error));
  source.pipe(archive);
  try {
    for await (const entry of archive) {
      budget.count();
      if ((entry.header.type ?? 'file') !== 'file') {
        entry.resume();
        continue;
      }
      const size = entry.header.size ?? 0;
      yield* memberFiles(entry.header.name, entry as AsyncIterable<Uint8Array>, { budget, nesting, size });
    }
  } finally {
    source.destroy();
    archive.destroy();
  }
}

async function* zipFiles(input: string | Uint8Array, budget: Budget, nesting: number): AsyncGenerator<FeedFile> {
  for await (const entry of zipEntries(input)) {
    budget.count();
    if (entry.isFile) yield* memberFiles(entry.path, entry.open(), { budget, nesting, size: entry.size });
  }
}

interface Surroundings {
  readonly budget: Budget;
  readonly nesting: number;
  readonly size: number;
}

/** A file of an archive: small ones that are no archive take the short way, there are tens of thousands of them. */
async function* memberFiles(
  path: string,
  chunks: AsyncIterable<Uint8Array>,
  { budget, nesting, size }: Surroundings,
): AsyncGenerator<FeedFile> {
  if (size > splitAboveBytes) {
    yield* filesOf({ path, chunks: () => counted(chunks, budget) }, budget, nesting + 1);
    return;
  }
  const bytes = await whole(path, chunks, budget);
  budget.take(bytes.length);
  if (bytes.length > budget.limits.maxEntryBytes) throw budget.tooLarge(path);
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, magicBytes));
  if (!compressionOf(head) && !isZip(head) && !isTar(head)) {
    yield { path, bytes };
    return;
  }
  try {
    yield* filesOf({ path, input: bytes, chunks: () => chunksOf(bytes) }, budget, nesting + 1);
  } catch (error) {
    if (error instanceof AdvisoryError && error.code !== 'archive_malformed') throw error;
    yield { path, bytes: new Uint8Array(), broken: (error as Error).message.slice(0, 200) };
  }
}

async function* plainFiles(path: string, chunks: AsyncIterable<Uint8Array>, budget: Budget): AsyncGenerator<FeedFile> {
  const { head, all } = await peeked(chunks, splitAboveBytes + 1);
  const splitting = head.length > splitAboveBytes ? splittingOf(head.subarray(0, 4000).toString('latin1')) : undefined;
  if (splitting)
    for await (const { label, bytes } of piecesOf(splitting, all, budget)) yield { path: `${path}#${label}`, bytes };
  else yield { path, bytes: await whole(path, all, budget) };
}

async function whole(path: string, chunks: AsyncIterable<Uint8Array>, budget: Budget): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of chunks) {
    size += part.length;
    if (size > budget.limits.maxEntryBytes) throw budget.tooLarge(path);
    parts.push(part);
  }
  return parts.length === 1 ? parts[0]! : Buffer.concat(parts);
}

async function* counted(chunks: AsyncIterable<Uint8Array>, budget: Budget): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    budget.take(chunk.length);
    yield chunk;
  }
}

async function* chunksOf(input: string | Uint8Array): AsyncGenerator<Uint8Array> {
  if (typeof input === 'string') yield* createReadStream(input, { highWaterMark: 256 * 1024 });
  else yield input;
}

async function* walkDirectory(root: string, budget: Budget): AsyncGenerator<FeedFile> {
  const open = [''];
  for (let directory = open.pop(); directory !== undefined; directory = open.pop()) {
    const entries = await readdir(join(root, directory), { withFileTypes: true });
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const path = join(directory, entry.name);
      budget.count();
      if (entry.isDirectory()) open.push(path);
      // Symbolic links are left out: they could lead anywhere and in circles.
      if (!entry.isFile()) continue;
      const file = join(root, path);
      budget.take((await stat(file)).size);
      yield* filesOf({ path, input: file, chunks: () => chunksOf(file) }, budget, 0);
    }
  }
}

function malformed(path: string, cause: unknown): AdvisoryError {
  if (cause instanceof AdvisoryError) return cause;
  return new AdvisoryError('archive_malformed', `${path} cannot be unpacked: ${(cause as Error).message}`, { cause });
}

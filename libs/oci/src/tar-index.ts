import { createReadStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { cleanSegments, parentOf } from '@gabion/rootfs/path';
import { RootfsError } from '@gabion/rootfs/rootfs-error';
import { type TarEntry, TarParser } from '@gabion/rootfs/tar-parser';
import type { FileReader } from './layout.ts';
import { OciError } from './oci-error.ts';

/** An archive on disk with the place of each of its files, read at random without unpacking it. */
export interface TarIndex extends AsyncDisposable {
  readonly read: FileReader;
  has(path: string): boolean;
}

type Place = { readonly offset: number; readonly size: number } | { readonly link: string };

/** An image archive has two files a layer and a few more. */
const maxEntries = 100_000;
const readBytes = 64 * 1024;

/** Indexes an uncompressed tar; errors: `archive_invalid`, `path_escapes`. */
export async function indexTar(path: string, signal?: AbortSignal): Promise<TarIndex> {
  const handle = await open(path);
  try {
    const places = await scan(handle, signal);
    return {
      has: (name) => resolve(places, name) !== undefined,
      async read(name) {
        const place = resolve(places, name);
        if (!place) return undefined;
        const { offset, size } = place;
        // `end` is inclusive, so that an empty file needs its own answer.
        if (size === 0) return { size, open: empty };
        const range = { start: offset, end: offset + size - 1, highWaterMark: 256 * 1024 };
        return { size, open: () => createReadStream(path, range) };
      },
      [Symbol.asyncDispose]: () => handle.close(),
    };
  } catch (error) {
    await handle.close();
    if (error instanceof RootfsError)
      throw new OciError('archive_invalid', `the archive is damaged: ${error.message}`, { cause: error });
    throw error;
  }
}

async function scan(handle: FileHandle, signal?: AbortSignal): Promise<Map<string, Place>> {
  const places = new Map<string, Place>();
  const { size } = await handle.stat();
  const parser = new TarParser((entry) => {
    if (places.size >= maxEntries) throw new OciError('archive_invalid', `the archive has over ${maxEntries} entries`);
    const name = inside(entry.path);
    const place = placeOf(entry, name);
    if (place) places.set(name, place);
    return undefined;
  });
  const buffer = Buffer.alloc(readBytes);
  for (let position = 0; !parser.ended; ) {
    signal?.throwIfAborted();
    const { bytesRead } = await handle.read(buffer, 0, readBytes, position);
    if (bytesRead === 0) break;
    parser.push(buffer.subarray(0, bytesRead));
    position += bytesRead;
    const skip = parser.skippable;
    if (position + skip > size) throw new OciError('archive_invalid', 'the archive ends inside a file');
    parser.skip(skip);
    position += skip;
  }
  parser.end();
  return places;
}

function placeOf(entry: TarEntry, name: string): Place | undefined {
  if (entry.kind === 'file') return { offset: entry.offset, size: entry.storedSize };
  if (entry.kind === 'hardlink') return { link: inside(entry.linkTarget) };
  // Docker before 25 links equal layers of several images to one another: `../<id>/layer.tar`.
  if (entry.kind === 'symlink') return { link: inside(`${parentOf(name)}/${entry.linkTarget}`, true) };
  return undefined;
}

function resolve(places: Map<string, Place>, name: string): { offset: number; size: number } | undefined {
  let place = places.get(cleanSegments(name).join('/'));
  for (let links = 0; place && 'link' in place; links++) {
    if (links === 8) throw new OciError('archive_invalid', 'links of the archive lead in a circle');
    place = places.get(place.link);
  }
  return place;
}

function inside(path: string, mayClimb = false): string {
  const done: string[] = [];
  for (const segment of cleanSegments(path)) {
    if (segment !== '..') done.push(segment);
    else if (!mayClimb || done.pop() === undefined) {
      throw new OciError('path_escapes', `${JSON.stringify(path.slice(0, 200))} leads out of the archive`);
    }
  }
  return done.join('/');
}

async function* empty(): AsyncGenerator<Uint8Array> {}

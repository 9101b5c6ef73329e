import type { Note } from './inspector.ts';
import type { KeptEntry, LayerContents, Skipped } from './layer-contents.ts';
import { PathSet } from './path-set.ts';

/** Changes with the form of the bytes; what another version wrote is not read. */
const formatVersion = 2;

interface Head {
  readonly version: number;
  readonly entries: readonly (Omit<KeptEntry, 'content'> & { readonly length?: number })[];
  readonly whiteouts: readonly string[];
  readonly opaque: readonly string[];
  readonly nonDirectories: number;
  readonly directories: number;
  readonly notes: Readonly<Record<string, readonly Note[]>>;
  readonly skipped: readonly Skipped[];
  readonly entryCount: number;
  readonly bytes: number;
}

/** Layer contents as bytes, for keeping them by DiffID: a JSON head with its length before, path sets, file contents. */
export function encodeLayer(contents: LayerContents): Buffer {
  const { entries, whiteouts, opaque, nonDirectories, directories, notes, skipped, entryCount, bytes } = contents;
  const files = entries.flatMap((entry) => (entry.kind === 'file' ? [entry.content] : []));
  const head: Head = {
    version: formatVersion,
    entries: entries.map((entry) => {
      if (entry.kind !== 'file') return entry;
      const { content, ...rest } = entry;
      return { ...rest, length: content.length };
    }),
    whiteouts,
    opaque,
    nonDirectories: nonDirectories.size,
    directories: directories.size,
    notes,
    skipped,
    entryCount,
    bytes,
  };
  const json = Buffer.from(JSON.stringify(head));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(json.length);
  return Buffer.concat([length, json, hashBytes(nonDirectories), hashBytes(directories), ...files]);
}

/** Contents that `encodeLayer` wrote; undefined for another version. The bytes are trusted: they come from one's own store. */
export function decodeLayer(bytes: Buffer): LayerContents | undefined {
  let at = 4 + bytes.readUInt32LE(0);
  const head = JSON.parse(bytes.toString('utf8', 4, at)) as Head;
  if (head.version !== formatVersion) return undefined;
  const take = (length: number) => {
    if (at + length > bytes.length) throw new RangeError('kept layer contents are cut off');
    at += length;
    return bytes.subarray(at - length, at);
  };
  const nonDirectories = readHashes(take(head.nonDirectories * hashLength));
  const directories = readHashes(take(head.directories * hashLength));
  const entries = head.entries.map(({ length, ...rest }) => {
    return (rest.kind === 'file' ? { ...rest, content: take(length ?? 0) } : rest) as KeptEntry;
  });
  const { whiteouts, opaque, notes, skipped, entryCount, bytes: size } = head;
  return { entries, whiteouts, opaque, nonDirectories, directories, notes, skipped, entryCount, bytes: size };
}

/** 48 bits. */
const hashLength = 6;

function hashBytes(paths: PathSet): Buffer {
  const bytes = Buffer.alloc(paths.size * hashLength);
  let at = 0;
  for (const hash of paths.hashes) at = bytes.writeUIntLE(hash, at, hashLength);
  return bytes;
}

function readHashes(bytes: Buffer): PathSet {
  const hashes = new Float64Array(bytes.length / hashLength);
  for (let i = 0; i < hashes.length; i++) hashes[i] = bytes.readUIntLE(i * hashLength, hashLength);
  return new PathSet(hashes);
}

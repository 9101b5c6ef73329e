import { Readable } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import xz from 'xz-decompress';
import { bunzip2 } from './bzip2.ts';

/** Ways in which feeds are compressed. */
export type Compression = 'gzip' | 'zstd' | 'bzip2' | 'xz';

const marks: readonly (readonly [Compression, readonly number[]])[] = [
  ['gzip', [0x1f, 0x8b]],
  ['zstd', [0x28, 0xb5, 0x2f, 0xfd]],
  ['bzip2', [0x42, 0x5a, 0x68]],
  ['xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]],
];

/** The compression of bytes that begin so. */
export function compressionOf(head: Uint8Array): Compression | undefined {
  return marks.find(([, mark]) => mark.every((byte, index) => head[index] === byte))?.[0];
}

/** The file's name without the compression's ending. */
export function nameUncompressed(path: string): string {
  return path.replace(/\.tgz$/i, '.tar').replace(/\.(?:gz|zst|bz2|xz)$/i, '');
}

/** The bytes uncompressed; throws what the codec throws. */
export async function* uncompressed(
  compression: Compression,
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  if (compression === 'bzip2') {
    yield* bunzip2(chunks);
    return;
  }
  const source = Readable.from(chunks, { objectMode: false });
  if (compression === 'xz') {
    yield* new xz.XzReadableStream(Readable.toWeb(source) as ReadableStream<Uint8Array>);
    return;
  }
  const codec = compression === 'gzip' ? createGunzip() : createZstdDecompress();
  source.on('error', (error) => codec.destroy(error));
  try {
    yield* source.pipe(codec) as AsyncIterable<Uint8Array>;
  } finally {
    source.destroy();
    codec.destroy();
  }
}

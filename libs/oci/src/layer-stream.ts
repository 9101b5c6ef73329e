import { createHash } from 'node:crypto';
import type { Transform } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { type Digest, partsOf } from './digest.ts';
import { OciError } from './oci-error.ts';
import { type Bytes, reported, verified } from './verify.ts';
import { isZstd, zstdFrames } from './zstd-frames.ts';

/** Bounds on what a compressed layer may become. */
export interface LayerStreamLimits {
  /** Uncompressed bytes of one layer → `layer_too_large`. */
  readonly maxLayerBytes: number;
  /** Uncompressed bytes per compressed byte → `compression_ratio_exceeded`; not asked below 64 MiB. */
  readonly maxRatio: number;
}

export const defaultLayerLimits: LayerStreamLimits = { maxLayerBytes: 16 * 1024 ** 3, maxRatio: 200 };

/** Small layers may compress as they like: a file of zeros reaches a thousand to one. */
const ratioFreeBytes = 64 * 1024 ** 2;

/** Bytes per chunk out of a decompressor: larger ones cost fewer turns of the event loop. */
const chunkSize = 128 * 1024;

/** What the bytes of a layer are held against. */
export interface LayerIdentity {
  /** Of the blob as it is stored; absent in a classic docker-archive. */
  readonly digest?: Digest;
  /** Bytes of the blob as it is stored. */
  readonly size: number;
  readonly diffId: Digest;
}

/** The uncompressed tar of a layer from its stored bytes: digest, size and DiffID are verified at the end at the latest. */
export function unpackedLayer(stored: Bytes, layer: LayerIdentity, limits: LayerStreamLimits): AsyncGenerator<Buffer> {
  const { digest, size } = layer;
  return layerTar(digest ? verified(stored, { digest, size }) : stored, layer.diffId, limits);
}

/** The uncompressed tar of a layer's verified bytes, held against its DiffID at the end. */
export async function* layerTar(bytes: Bytes, diffId: Digest, limits: LayerStreamLimits): AsyncGenerator<Buffer> {
  const { algorithm, hex } = partsOf(diffId);
  const hash = createHash(algorithm);
  let read = 0;
  let size = 0;
  const compressed = reported(bytes, (more) => {
    read += more;
  });
  for await (const chunk of uncompressed(compressed)) {
    size += chunk.length;
    if (size > limits.maxLayerBytes)
      throw new OciError('layer_too_large', `the layer ${diffId} is over ${limits.maxLayerBytes} bytes`);
    if (size > ratioFreeBytes && size > read * limits.maxRatio) {
      throw new OciError(
        'compression_ratio_exceeded',
        `the layer ${diffId} unpacks to over ${limits.maxRatio} times its size`,
      );
    }
    hash.update(chunk);
    yield chunk;
  }
  if (hash.digest('hex') !== hex) throw new OciError('diff_id_mismatch', `the layer's tar is not that of ${diffId}`);
}

/** Bytes with gzip or zstd taken off, whichever their first bytes show; others pass as they are. */
export async function* uncompressed(bytes: Bytes): AsyncGenerator<Buffer> {
  const source = bytes[Symbol.asyncIterator]();
  try {
    const head = await firstBytes(source);
    const all = continued(head, source);
    if (isGzip(head)) yield* decoded(all, createGunzip({ chunkSize }));
    else if (isZstd(head)) yield* decoded(zstdFrames(all), createZstdDecompress({ chunkSize }));
    else yield* plain(all, head);
  } finally {
    await source.return?.();
  }
}

function isGzip(head: Buffer): boolean {
  return head[0] === 0x1f && head[1] === 0x8b;
}

function plain(bytes: AsyncGenerator<Buffer>, head: Buffer): AsyncGenerator<Buffer> {
  const foreign = unsupported.find(({ magic }) => head.subarray(0, magic.length).equals(magic));
  if (!foreign) return bytes;
  throw new OciError(
    'compression_unsupported',
    `the layer is compressed with ${foreign.name}: images use gzip or zstd`,
  );
}

/** What Docker and old builders could unpack, but no image specification names. */
const unsupported = [
  { name: 'xz', magic: Buffer.from('fd377a58', 'hex') },
  { name: 'bzip2', magic: Buffer.from('425a68', 'hex') },
  { name: 'lz4', magic: Buffer.from('04224d18', 'hex') },
];

async function* decoded(bytes: Bytes, decoder: Transform): AsyncGenerator<Buffer> {
  const feeding = feed(bytes, decoder);
  // Its failure is awaited below; unheard until then, it must not end the process.
  feeding.catch(() => {});
  try {
    for await (const chunk of decoder) yield chunk as Buffer;
  } catch (error) {
    // A damaged blob breaks the decoder before its digest is known: read on, for the digest says more.
    await feeding;
    throw new OciError('layer_corrupt', 'the compressed layer cannot be unpacked', { cause: error });
  } finally {
    decoder.destroy();
  }
  await feeding;
}

async function feed(bytes: Bytes, decoder: Transform): Promise<void> {
  try {
    for await (const chunk of bytes) {
      if (decoder.destroyed) continue;
      if (!decoder.write(chunk)) await roomIn(decoder);
    }
  } catch (error) {
    decoder.destroy(error as Error);
    throw error;
  }
  if (!decoder.destroyed) decoder.end();
}

function roomIn(decoder: Transform): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      decoder.off('drain', done).off('close', done);
      resolve();
    };
    decoder.on('drain', done).on('close', done);
  });
}

async function firstBytes(source: AsyncIterator<Uint8Array>): Promise<Buffer> {
  let head: Buffer = Buffer.alloc(0);
  while (head.length < 4) {
    const next = await source.next();
    if (next.done) break;
    head = Buffer.concat([head, next.value]);
  }
  return head;
}

async function* continued(head: Buffer, source: AsyncIterator<Uint8Array>): AsyncGenerator<Buffer> {
  if (head.length > 0) yield head;
  for (let next = await source.next(); !next.done; next = await source.next()) yield asBuffer(next.value);
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}

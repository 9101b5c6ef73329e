import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { Readable } from 'node:stream';
import type { Digest } from '@gabion/oci/digest';
import type { Image, ImageSource, Layer } from '@gabion/oci/image';
import type { ImageConfig } from '@gabion/oci/image-config';
import { type LayerStreamLimits, uncompressed, unpackedLayer } from '@gabion/oci/layer-stream';
import { OciError } from '@gabion/oci/oci-error';
import { reported } from '@gabion/oci/verify';

/** A tar of a directory, plain or compressed. */
export interface FileSystemTar {
  readonly name: string;
  readonly path: string;
  /** Of the file. */
  readonly digest: Digest;
  readonly size: number;
}

/** Nobody says what machine files are for. */
const platform = { os: 'linux', architecture: 'unknown' };

/** A tar of a directory as an image of one layer, whose digest is that of the tar. */
export async function fileSystemSource(
  tar: FileSystemTar,
  limits: LayerStreamLimits,
  signal: AbortSignal,
): Promise<ImageSource> {
  const diffId = (await isCompressed(tar.path)) ? await diffIdOf(tar, limits, signal) : tar.digest;
  const layer: Layer = { digest: tar.digest, size: tar.size, diffId, mediaType: mediaTypeOfTar, createdBy: '' };
  const openStored: Image['openStored'] = async (_layer, options) => {
    const bytes = createReadStream(tar.path, { highWaterMark: 256 * 1024, signal: options?.signal ?? signal });
    return reported(bytes as AsyncIterable<Buffer>, options?.onBytes);
  };
  const image: Image = {
    manifestDigest: tar.digest,
    platform,
    config: configOf(diffId),
    layers: [layer],
    openStored,
    openLayer: async (_layer, options) =>
      Readable.from(unpackedLayer(await openStored(layer, options), layer, limits), { objectMode: false }),
  };
  return { name: tar.name, image: async () => image, [Symbol.asyncDispose]: async () => {} };
}

const mediaTypeOfTar = 'application/vnd.oci.image.layer.v1.tar';
const gzip = Buffer.from([0x1f, 0x8b]);
const zstd = Buffer.from([0x28, 0xb5, 0x2f, 0xfd]);

async function isCompressed(path: string): Promise<boolean> {
  await using file = await open(path);
  const { buffer } = await file.read({ buffer: Buffer.alloc(4), position: 0 });
  return [gzip, zstd].some((magic) => buffer.subarray(0, magic.length).equals(magic));
}

/** Digest of the tar inside a compressed one, within the bounds of a layer. */
async function diffIdOf(tar: FileSystemTar, limits: LayerStreamLimits, signal: AbortSignal): Promise<Digest> {
  const hash = createHash('sha256');
  const most = Math.min(limits.maxLayerBytes, Math.max(tar.size * limits.maxRatio, 64 * 1024 ** 2));
  let size = 0;
  for await (const chunk of uncompressed(createReadStream(tar.path, { signal }) as AsyncIterable<Buffer>)) {
    size += chunk.length;
    if (size > most)
      throw new OciError(
        size > limits.maxLayerBytes ? 'layer_too_large' : 'compression_ratio_exceeded',
        `the files unpack to over ${most} bytes`,
      );
    hash.update(chunk);
  }
  return `sha256:${hash.digest('hex')}` as Digest;
}

/** Files have no configuration; what must be there is empty. */
function configOf(diffId: Digest): ImageConfig {
  return {
    ...platform,
    diffIds: [diffId],
    history: [],
    user: '',
    env: [],
    entrypoint: [],
    command: [],
    workingDirectory: '',
    labels: new Map(),
    exposedPorts: [],
    volumes: [],
    healthcheck: [],
  };
}

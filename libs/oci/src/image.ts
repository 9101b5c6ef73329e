import { Readable } from 'node:stream';
import type { Digest } from './digest.ts';
import { type ImageConfig, instructions, parseImageConfig } from './image-config.ts';
import { defaultLayerLimits, type LayerIdentity, type LayerStreamLimits, unpackedLayer } from './layer-stream.ts';
import { type Descriptor, parseManifest } from './manifest.ts';
import { OciError } from './oci-error.ts';
import { defaultPlatform, distance, formatPlatform, type Platform } from './platform.ts';
import { type Bytes, gathered, reported, verified } from './verify.ts';

/** Where an image comes from: a registry, a layout on disk, an archive. */
export interface ImageSource extends AsyncDisposable {
  readonly name: string;
  /** The image for a platform; without one linux/amd64, or the only image there is. */
  image(platform?: Platform, signal?: AbortSignal): Promise<Image>;
}

/** An image whose manifest and configuration are verified; its layers are as they are read. */
export interface Image {
  /** Of the image manifest of the chosen platform; of the configuration where `docker save` kept no manifest. */
  readonly manifestDigest: Digest;
  readonly platform: Platform;
  readonly config: ImageConfig;
  readonly layers: readonly Layer[];
  /** The uncompressed tar; digest, size and DiffID are verified, and a lie is told by an OciError at the end at the latest. */
  openLayer(layer: Layer, options?: OpenLayerOptions): Promise<Readable>;
  /** The bytes of a layer as they are stored, for a thread that verifies and unpacks them by `unpackedLayer`. */
  openStored(layer: Layer, options?: OpenLayerOptions): Promise<Bytes>;
}

/** How a layer is read. */
export interface OpenLayerOptions {
  readonly signal?: AbortSignal;
  /** Told of each piece of the stored blob as it arrives; altogether the `size` of the layer. */
  readonly onBytes?: (bytes: number) => void;
}

/** One layer, lowest first in an image. */
export interface Layer extends LayerIdentity {
  readonly mediaType: string;
  /** Instruction that made it, or `''`. */
  readonly createdBy: string;
}

/** Bounds on what is read into memory and unpacked. */
export interface ImageLimits extends LayerStreamLimits {
  readonly maxManifestBytes: number;
  readonly maxConfigBytes: number;
}

export const defaultImageLimits: ImageLimits = {
  ...defaultLayerLimits,
  // What registries must accept at least (distribution-spec, "Pushing Manifests").
  maxManifestBytes: 4 * 1024 ** 2,
  maxConfigBytes: 8 * 1024 ** 2,
};

/** Content by digest, unverified. */
export interface BlobStore {
  manifest(descriptor: Pick<Descriptor, 'digest' | 'size'>, signal?: AbortSignal): Promise<Bytes>;
  blob(descriptor: Pick<Descriptor, 'digest' | 'size'>, signal?: AbortSignal): Promise<Bytes>;
}

/** The image for a platform, from a manifest or index already verified down to its images. */
export async function imageFrom(
  store: BlobStore,
  root: { digest: Digest; bytes: Buffer; mediaType?: string | undefined },
  limits: ImageLimits,
  platform?: Platform,
  signal?: AbortSignal,
): Promise<Image> {
  let { digest, bytes, mediaType } = root;
  // An index may hold an index; deeper nesting is nobody's practice.
  for (let depth = 0; depth < 4; depth++) {
    const manifest = parseManifest(bytes, mediaType);
    if (manifest.kind === 'image') return describe(store, digest, manifest, limits, platform, signal);
    const chosen = choose(manifest.manifests, platform);
    if (chosen.size > limits.maxManifestBytes) throw tooLarge(limits);
    const stream = verified(await store.manifest(chosen, signal), chosen);
    bytes = await gathered(stream, limits.maxManifestBytes, 'manifest_too_large');
    ({ digest, mediaType } = chosen);
  }
  throw new OciError('manifest_invalid', 'indexes are nested over 3 deep');
}

/** The entry of an index that serves a platform best; the first of equals, as runtimes choose. */
export function choose(manifests: readonly Descriptor[], platform?: Platform): Descriptor {
  const images = manifests.filter((entry) => !entry.isAttachment && entry.platform?.os !== 'unknown');
  const ranked = images
    .map((entry) => ({ entry, distance: entry.platform && distance(platform ?? defaultPlatform, entry.platform) }))
    .filter((candidate) => candidate.distance !== undefined)
    .sort((a, b) => a.distance! - b.distance!);
  if (ranked[0]) return ranked[0].entry;
  const only = images[0];
  // One that names no platform is judged by its configuration later.
  if (images.length === 1 && only && (platform === undefined || !only.platform)) return only;
  const offered = images.map((entry) => (entry.platform ? formatPlatform(entry.platform) : 'unnamed')).slice(0, 20);
  throw new OciError(
    'platform_not_found',
    `no image for ${formatPlatform(platform ?? defaultPlatform)}; there are: ${offered.join(', ') || 'none'}`,
  );
}

async function describe(
  store: BlobStore,
  manifestDigest: Digest,
  manifest: { config: Descriptor; layers: readonly Descriptor[] },
  limits: ImageLimits,
  platform?: Platform,
  signal?: AbortSignal,
): Promise<Image> {
  if (manifest.config.size > limits.maxConfigBytes)
    throw new OciError('manifest_too_large', 'the configuration is too large');
  const stream = verified(await store.blob(manifest.config, signal), manifest.config);
  const config = parseImageConfig(await gathered(stream, limits.maxConfigBytes, 'manifest_too_large'));
  checkPlatform(config, platform);
  const layers = pair(config, manifest.layers);
  const openStored: Image['openStored'] = async (layer, options) => {
    const descriptor = { digest: layer.digest!, size: layer.size };
    return reported(await store.blob(descriptor, options?.signal), options?.onBytes);
  };
  return {
    manifestDigest,
    platform: platformIn(config),
    config,
    layers,
    openStored,
    async openLayer(layer, options) {
      return readable(unpackedLayer(await openStored(layer, options), layer, limits), options?.signal);
    },
  };
}

/** Refuses a configuration for another platform than the one asked for. */
export function checkPlatform(config: ImageConfig, platform?: Platform): void {
  if (platform && distance(platform, config) === undefined) {
    throw new OciError(
      'platform_not_found',
      `the image is for ${formatPlatform(config)}, not ${formatPlatform(platform)}`,
    );
  }
}

/** The platform that a configuration names. */
export function platformIn({ os, architecture, variant }: ImageConfig): Platform {
  return { os, architecture, ...(variant === undefined ? {} : { variant }) };
}

/** A layer's tar as a stream that ends with the signal. */
export function readable(tar: AsyncIterable<Buffer>, signal?: AbortSignal): Readable {
  return Readable.from(tar, { objectMode: false, highWaterMark: 256 * 1024, ...(signal ? { signal } : {}) });
}

function pair(config: ImageConfig, blobs: readonly Descriptor[]): Layer[] {
  if (blobs.length !== config.diffIds.length) {
    throw new OciError(
      'manifest_invalid',
      `${blobs.length} layers, but ${config.diffIds.length} DiffIDs in the configuration`,
    );
  }
  const createdBy = instructions(config);
  return blobs.map(({ digest, mediaType, size }, index) => ({
    digest,
    diffId: config.diffIds[index]!,
    mediaType,
    size,
    createdBy: createdBy[index]!,
  }));
}

function tooLarge(limits: ImageLimits): OciError {
  return new OciError('manifest_too_large', `a manifest is over ${limits.maxManifestBytes} bytes`);
}

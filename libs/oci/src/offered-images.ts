import type { Digest } from './digest.ts';
import { choose, defaultImageLimits, type ImageLimits } from './image.ts';
import { parseImageConfig } from './image-config.ts';
import { type Descriptor, parseManifest } from './manifest.ts';
import { OciError } from './oci-error.ts';
import { formatPlatform, type Platform } from './platform.ts';
import type { Reference } from './reference.ts';
import { type RegistryOptions, Repository } from './registry.ts';
import { gathered, verified } from './verify.ts';

/** One image that a name stands for. */
export interface OfferedImage {
  readonly digest: Digest;
  /** Absent where nothing says it. */
  readonly platform?: Platform;
}

/** Which images a name stands for. */
export class OfferedImages {
  readonly #reference: Reference;
  readonly #options: RegistryOptions;
  readonly #limits: ImageLimits;
  #indexes = 0;

  constructor(reference: Reference, options: RegistryOptions = {}) {
    this.#reference = reference;
    this.#options = options;
    this.#limits = { ...defaultImageLimits, ...options.limits };
  }

  /** Every image of an index in its order, or the one image there is, with the platform of its configuration. */
  async all(signal?: AbortSignal): Promise<OfferedImage[]> {
    using repository = new Repository(this.#reference, this.#options);
    const root = await this.#root(repository, signal);
    if (root.manifest.kind === 'image')
      return [await this.#only(repository, root.digest, root.manifest.config, signal)];
    const found: OfferedImage[] = [];
    await this.#gather(repository, root.manifest.manifests, found, 0, signal);
    return found;
  }

  /** The image that serves a platform, or the default one, without asking for more than the manifest. */
  async best(signal?: AbortSignal): Promise<OfferedImage> {
    using repository = new Repository(this.#reference, this.#options);
    const { digest, manifest } = await this.#root(repository, signal);
    if (manifest.kind === 'image') return { digest };
    return offered(choose(manifest.manifests));
  }

  async #root(repository: Repository, signal?: AbortSignal) {
    const { digest, bytes, mediaType } = await repository.root(this.#limits.maxManifestBytes, signal);
    return { digest, manifest: parseManifest(bytes, mediaType) };
  }

  async #only(repository: Repository, digest: Digest, config: Descriptor, signal?: AbortSignal): Promise<OfferedImage> {
    if (config.size > this.#limits.maxConfigBytes)
      throw new OciError('manifest_too_large', 'the configuration is too large');
    const stream = verified(await repository.blob(config, signal), config);
    const { os, architecture, variant } = parseImageConfig(
      await gathered(stream, this.#limits.maxConfigBytes, 'manifest_too_large'),
    );
    return { digest, platform: { os, architecture, ...(variant !== undefined && { variant }) } };
  }

  /** An index may hold indexes, as deep as an image may be in them. */
  async #gather(
    repository: Repository,
    entries: readonly Descriptor[],
    found: OfferedImage[],
    depth: number,
    signal?: AbortSignal,
  ): Promise<void> {
    for (const entry of entries) {
      if (entry.isAttachment || entry.platform?.os === 'unknown') continue;
      if (!isIndex(entry)) found.push(offered(entry));
      else if (depth < 3)
        await this.#gather(repository, await this.#entries(repository, entry, signal), found, depth + 1, signal);
      if (found.length > maxImages) throw new OciError('manifest_invalid', `an index names over ${maxImages} images`);
    }
  }

  async #entries(repository: Repository, entry: Descriptor, signal?: AbortSignal): Promise<readonly Descriptor[]> {
    if (++this.#indexes > maxIndexes) throw new OciError('manifest_invalid', `over ${maxIndexes} indexes in an index`);
    if (entry.size > this.#limits.maxManifestBytes) throw new OciError('manifest_too_large', 'an index is too large');
    const stream = verified(await repository.manifest(entry, signal), entry);
    const manifest = parseManifest(
      await gathered(stream, this.#limits.maxManifestBytes, 'manifest_too_large'),
      entry.mediaType,
    );
    return manifest.kind === 'index' ? manifest.manifests : [];
  }
}

/** Indexes in an index are followed one by one; these bound what they come to, and how many are asked for. */
const maxImages = 4096;
const maxIndexes = 64;

function isIndex({ mediaType }: Descriptor): boolean {
  return /\b(image\.index|manifest\.list)\b/.test(mediaType);
}

function offered({ digest, platform }: Descriptor): OfferedImage {
  return { digest, ...(platform && { platform }) };
}

/** "linux/arm64/v8"; empty where nothing says it. */
export function platformText({ platform }: OfferedImage): string {
  return platform ? formatPlatform(platform) : '';
}

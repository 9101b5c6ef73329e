import { createHash } from 'node:crypto';
import type { AddressFilter } from './address-filter.ts';
import type { Backoff } from './backoff.ts';
import type { CredentialSource } from './credentials.ts';
import { type Digest, isDigest, partsOf } from './digest.ts';
import { ConnectionLost, type Incoming, type Timeouts } from './exchange.ts';
import { type BlobStore, defaultImageLimits, type ImageLimits, type ImageSource, imageFrom } from './image.ts';
import { imageManifestTypes, indexTypes } from './manifest.ts';
import { OciError } from './oci-error.ts';
import type { Pace } from './pace.ts';
import { formatReference, type Reference } from './reference.ts';
import { type Missing, RegistryClient, unavailable } from './registry-client.ts';
import { resumed } from './resume.ts';
import { type Bytes, gathered } from './verify.ts';

/** How a registry is spoken to. */
export interface RegistryOptions {
  readonly credentials?: CredentialSource;
  /** Speak plain http to this registry; loopback registries need no asking, and `false` makes them https too. */
  readonly plainHttp?: boolean;
  /** Certificates in PEM to trust beside those Node trusts. */
  readonly ca?: string;
  readonly proxyEnv?: Readonly<Record<string, string | undefined>>;
  /** Which addresses may be connected to: by the registry's name, its token service's and those of redirects. */
  readonly allowsAddress?: AddressFilter;
  readonly timeouts?: Partial<Timeouts>;
  readonly backoff?: Partial<Backoff>;
  readonly limits?: Partial<ImageLimits>;
  /** How fast requests may follow one another; shared by all that speak to the registry. */
  readonly pace?: Pace;
}

const accept = [...imageManifestTypes, ...indexTypes].join(', ');

/** Opens an image of a registry; nothing is asked for before `image` is called. Dispose to close its connections. */
export function openRegistry(reference: Reference, options: RegistryOptions = {}): ImageSource {
  const repository = new Repository(reference, options);
  const limits = { ...defaultImageLimits, ...options.limits };
  return {
    name: formatReference(reference),
    async image(platform, signal) {
      const root = await repository.root(limits.maxManifestBytes, signal);
      return imageFrom(repository, root, limits, platform, signal);
    },
    async [Symbol.asyncDispose]() {
      repository[Symbol.dispose]();
    },
  };
}

/** One repository of a registry: manifests and blobs, unverified unless said otherwise. */
export class Repository implements BlobStore, Disposable {
  readonly #reference: Reference;
  readonly #base: string;
  readonly #client: RegistryClient;

  constructor(reference: Reference, options: RegistryOptions) {
    this.#reference = reference;
    this.#client = new RegistryClient(reference.registry, options, {
      scope: `repository:${reference.repository}:pull`,
      name: formatReference(reference),
    });
    this.#base = `${this.#client.base}/v2/${reference.repository}`;
  }

  [Symbol.dispose](): void {
    this.#client[Symbol.dispose]();
  }

  /** The manifest or index that the reference names, held against its digest where there is one. */
  async root(
    most: number,
    signal?: AbortSignal,
  ): Promise<{ digest: Digest; bytes: Buffer; mediaType: string | undefined }> {
    const { digest, tag } = this.#reference;
    const incoming = await this.#manifest(digest ?? tag!, signal);
    const length = Number(incoming.headers['content-length'] ?? 0);
    if (length > most) {
      incoming.discard();
      throw new OciError('manifest_too_large', `the manifest has ${length} bytes, over ${most}`);
    }
    const bytes = await this.#complete(gathered(incoming.body, most, 'manifest_too_large'));
    const told = incoming.headers['docker-content-digest'];
    const expected = digest ?? (isDigest(told) ? told : undefined);
    const actual = digestOf(bytes, expected);
    if (expected && actual !== expected)
      throw new OciError('blob_digest_mismatch', `the manifest is not that of ${expected}`);
    return { digest: actual, bytes, mediaType: incoming.headers['content-type'] };
  }

  manifest({ digest, size }: { digest: Digest; size: number }, signal?: AbortSignal): Promise<Bytes> {
    const url = `${this.#base}/manifests/${digest}`;
    return this.#resumable(url, { accept }, size, 'image_not_found', signal);
  }

  blob({ digest, size }: { digest: Digest; size: number }, signal?: AbortSignal): Promise<Bytes> {
    return this.#resumable(`${this.#base}/blobs/${digest}`, {}, size, 'blob_not_found', signal);
  }

  async #resumable(url: string, headers: Record<string, string>, size: number, missing: Missing, signal?: AbortSignal) {
    const open = (offset: number) => {
      const range: Record<string, string> = offset > 0 ? { range: `bytes=${offset}-` } : {};
      return this.#get(url, { ...headers, ...range }, missing, signal);
    };
    return resumed(await open(0), open, { size, backoff: this.#client.backoff, signal });
  }

  #manifest(reference: string, signal?: AbortSignal): Promise<Incoming> {
    return this.#get(`${this.#base}/manifests/${reference}`, { accept }, 'image_not_found', signal);
  }

  #get(url: string, headers: Record<string, string>, missing: Missing, signal?: AbortSignal): Promise<Incoming> {
    return this.#client.get(new URL(url), { headers, missing, signal });
  }

  async #complete<T>(reading: Promise<T>): Promise<T> {
    try {
      return await reading;
    } catch (error) {
      throw error instanceof ConnectionLost ? unavailable(error) : error;
    }
  }
}

function digestOf(bytes: Buffer, expected?: Digest): Digest {
  const algorithm = expected ? partsOf(expected).algorithm : 'sha256';
  return `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}`;
}

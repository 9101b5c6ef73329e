import { createHash } from 'node:crypto';
import type { AddressFilter } from './address-filter.ts';
import { Authorization } from './authorization.ts';
import { type Backoff, defaultBackoff, delayBefore, retryAfterMs } from './backoff.ts';
import type { CredentialSource } from './credentials.ts';
import { type Digest, isDigest, partsOf } from './digest.ts';
import { ConnectionLost, Exchange, type Incoming, type Timeouts } from './exchange.ts';
import { type BlobStore, defaultImageLimits, type ImageLimits, type ImageSource, imageFrom } from './image.ts';
import { imageManifestTypes, indexTypes } from './manifest.ts';
import { OciError } from './oci-error.ts';
import { apiHost, formatReference, isLoopback, type Reference } from './reference.ts';
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

type Missing = 'image_not_found' | 'blob_not_found';

/** One repository of a registry: manifests and blobs, unverified unless said otherwise. */
export class Repository implements BlobStore, Disposable {
  readonly #reference: Reference;
  readonly #base: string;
  readonly #exchange: Exchange;
  readonly #authorization: Authorization;
  readonly #backoff: Backoff;

  constructor(reference: Reference, options: RegistryOptions) {
    const host = apiHost(reference.registry);
    const isPlain = options.plainHttp ?? isLoopback(host);
    this.#reference = reference;
    this.#base = `${isPlain ? 'http' : 'https'}://${host}/v2/${reference.repository}`;
    this.#backoff = { ...defaultBackoff, ...options.backoff };
    this.#exchange = new Exchange({
      timeouts: { headersMs: 30_000, stallMs: 60_000, ...options.timeouts },
      plainHttp: options.plainHttp ?? false,
      ...(options.ca ? { ca: options.ca } : {}),
      ...(options.proxyEnv ? { proxyEnv: options.proxyEnv } : {}),
      ...(options.allowsAddress ? { allowsAddress: options.allowsAddress } : {}),
    });
    let found: ReturnType<CredentialSource> | undefined;
    const credentials = async () => {
      found ??= options.credentials?.(reference.registry);
      return found;
    };
    this.#authorization = new Authorization(this.#exchange, reference.repository, credentials);
  }

  [Symbol.dispose](): void {
    this.#exchange[Symbol.dispose]();
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
    return resumed(await open(0), open, { size, backoff: this.#backoff, signal });
  }

  #manifest(reference: string, signal?: AbortSignal): Promise<Incoming> {
    return this.#get(`${this.#base}/manifests/${reference}`, { accept }, 'image_not_found', signal);
  }

  async #get(url: string, headers: Record<string, string>, missing: Missing, signal?: AbortSignal) {
    let refused: OciError | undefined;
    for (let attempt = 0; attempt < this.#backoff.attempts; attempt++) {
      if (refused) await this.#backoff.wait(delayBefore(attempt - 1, this.#backoff, refused.retryAfterMs), signal);
      try {
        const incoming = await this.#authorized(new URL(url), headers, signal);
        if (incoming.status === 200 || incoming.status === 206) return incoming;
        incoming.discard();
        refused = this.#refusal(incoming, missing);
      } catch (error) {
        if (error instanceof ConnectionLost) refused = unavailable(error);
        else if (error instanceof OciError) refused = error;
        else throw error;
      }
      if (refused.code !== 'registry_unavailable' && refused.code !== 'rate_limited') throw refused;
    }
    throw refused!;
  }

  async #authorized(url: URL, headers: Record<string, string>, signal?: AbortSignal): Promise<Incoming> {
    const send = () => {
      const authorization = this.#authorization.header;
      return this.#exchange.send({ url, headers: authorization ? { ...headers, authorization } : headers, signal });
    };
    const first = await send();
    // Another host's 401, after a redirect, is not a question for the registry's credentials.
    if (first.status !== 401 || first.url.origin !== url.origin) return first;
    first.discard();
    if (await this.#authorization.answer(first.headers['www-authenticate'], url, signal)) return send();
    return first;
  }

  #refusal({ status, headers }: Incoming, missing: Missing): OciError {
    const name = formatReference(this.#reference);
    const retry = { retryAfterMs: retryAfterMs(headers['retry-after'], new Date()) };
    if (status === 401) return new OciError('unauthorized', `${name}: the registry asks for other credentials`);
    if (status === 403) return new OciError('forbidden', `${name}: the registry forbids access`);
    if (status === 404)
      return new OciError(
        missing,
        `${name}: the registry has no such ${missing === 'image_not_found' ? 'image' : 'blob'}`,
      );
    if (status === 429) return new OciError('rate_limited', `${name}: the registry asks to slow down`, retry);
    if (status >= 500 || status === 408)
      return new OciError('registry_unavailable', `${name}: the registry answered ${status}`, retry);
    return new OciError('registry_refused', `${name}: the registry answered ${status}`);
  }

  async #complete<T>(reading: Promise<T>): Promise<T> {
    try {
      return await reading;
    } catch (error) {
      throw error instanceof ConnectionLost ? unavailable(error) : error;
    }
  }
}

function unavailable(error: ConnectionLost): OciError {
  return new OciError('registry_unavailable', `the connection failed: ${error.message}`, { cause: error });
}

function digestOf(bytes: Buffer, expected?: Digest): Digest {
  const algorithm = expected ? partsOf(expected).algorithm : 'sha256';
  return `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}`;
}

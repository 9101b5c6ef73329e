import { Authorization } from './authorization.ts';
import { type Backoff, defaultBackoff, delayBefore, retryAfterMs } from './backoff.ts';
import type { CredentialSource } from './credentials.ts';
import { ConnectionLost, Exchange, type Incoming } from './exchange.ts';
import { OciError } from './oci-error.ts';
import { apiHost, isLoopback } from './reference.ts';
import type { RegistryOptions } from './registry.ts';

/** What a 404 means for a request. */
export type Missing = 'image_not_found' | 'blob_not_found' | 'repository_not_found' | 'catalog_refused';

/** One request for something of a registry. */
export interface Wanted {
  readonly headers?: Readonly<Record<string, string>>;
  readonly missing: Missing;
  readonly signal?: AbortSignal | undefined;
}

/** The way to one registry: authorised, paced, and tried again where that may help. */
export class RegistryClient implements Disposable {
  /** "https://registry.example:5000". */
  readonly base: string;
  readonly backoff: Backoff;
  readonly #exchange: Exchange;
  readonly #authorization: Authorization;

  constructor(
    registry: string,
    private readonly options: RegistryOptions,
    /** `scope` is asked of a token service that is not told another; `name` is what errors speak of. */
    private readonly about: { readonly scope: string; readonly name: string },
  ) {
    const host = apiHost(registry);
    this.base = `${(options.plainHttp ?? isLoopback(host)) ? 'http' : 'https'}://${host}`;
    this.backoff = { ...defaultBackoff, ...options.backoff };
    this.#exchange = new Exchange({
      timeouts: { headersMs: 30_000, stallMs: 60_000, ...options.timeouts },
      plainHttp: options.plainHttp ?? false,
      ...(options.ca ? { ca: options.ca } : {}),
      ...(options.proxyEnv ? { proxyEnv: options.proxyEnv } : {}),
      ...(options.allowsAddress ? { allowsAddress: options.allowsAddress } : {}),
    });
    let found: ReturnType<CredentialSource> | undefined;
    const credentials = async () => {
      found ??= options.credentials?.(registry);
      return found;
    };
    this.#authorization = new Authorization(this.#exchange, about.scope, credentials);
  }

  [Symbol.dispose](): void {
    this.#exchange[Symbol.dispose]();
  }

  /** The answer 200 or 206; anything else is an OciError. */
  async get(url: URL, { headers = {}, missing, signal }: Wanted): Promise<Incoming> {
    let refused: OciError | undefined;
    for (let attempt = 0; attempt < this.backoff.attempts; attempt++) {
      if (refused) await this.backoff.wait(delayBefore(attempt - 1, this.backoff, refused.retryAfterMs), signal);
      try {
        const incoming = await this.#authorized(url, headers, signal);
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

  async #authorized(url: URL, headers: Readonly<Record<string, string>>, signal?: AbortSignal): Promise<Incoming> {
    const send = async () => {
      await this.options.pace?.next(signal);
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
    const { name } = this.about;
    const retry = { retryAfterMs: retryAfterMs(headers['retry-after'], new Date()) };
    if (status === 401) return new OciError('unauthorized', `${name}: the registry asks for other credentials`);
    if (status === 403) return new OciError('forbidden', `${name}: the registry forbids access`);
    if (status === 404) return new OciError(missing, `${name}: the registry has no such ${things[missing]}`);
    if (status === 429) return new OciError('rate_limited', `${name}: the registry asks to slow down`, retry);
    if (status >= 500 || status === 408)
      return new OciError('registry_unavailable', `${name}: the registry answered ${status}`, retry);
    return new OciError('registry_refused', `${name}: the registry answered ${status}`);
  }
}

/** What lost connections come to when all attempts have been made. */
export function unavailable(error: ConnectionLost): OciError {
  return new OciError('registry_unavailable', `the connection failed: ${error.message}`, { cause: error });
}

const things: Readonly<Record<Missing, string>> = {
  image_not_found: 'image',
  blob_not_found: 'blob',
  repository_not_found: 'repository',
  catalog_refused: 'catalogue',
};

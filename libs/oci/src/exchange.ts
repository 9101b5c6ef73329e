import { Agent as HttpAgent, request as httpRequest, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { getCACertificates } from 'node:tls';
import { type AddressFilter, checkLiteral, checkProxied, filteredLookup, hostIn } from './address-filter.ts';
import { OciError } from './oci-error.ts';
import { isLoopback } from './reference.ts';

/** Bounds in time on one HTTP exchange. */
export interface Timeouts {
  /** From the request to the head of the answer, connecting included. */
  readonly headersMs: number;
  /** Between two pieces of a body. */
  readonly stallMs: number;
}

/** One request to a registry. */
export interface Outgoing {
  readonly url: URL;
  readonly method?: 'GET' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal?: AbortSignal | undefined;
}

/** The head of an answer; its body must be read to the end, or discarded. */
export interface Incoming {
  readonly url: URL;
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Ends with an error when the connection is lost or stalls. */
  readonly body: AsyncIterable<Buffer>;
  discard(): void;
}

/** The connection failed or ended early: the same request may succeed when it is made again. */
export class ConnectionLost extends Error {
  override readonly name = 'ConnectionLost';
}

/** How requests travel. */
export interface ExchangeOptions {
  readonly timeouts: Timeouts;
  /** Plain http is spoken to other hosts than loopback ones. */
  readonly plainHttp: boolean;
  /** Certificates in PEM to trust beside the built-in ones. */
  readonly ca?: string;
  /** `HTTPS_PROXY` and its kin, as Node's agents read them. */
  readonly proxyEnv?: Readonly<Record<string, string | undefined>>;
  /** Asked before every connection, whether a redirect or a token service leads there; all are allowed without it. */
  readonly allowsAddress?: AddressFilter;
}

const maxRedirects = 5;

/** Codes of Node's documentation, "X509 certificate error codes", and of a certificate for another host. */
const certificateErrors =
  /^(CERT_|CRL_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|INVALID_(CA|PURPOSE)|PATH_LENGTH_|HOSTNAME_|ERR_TLS_CERT_)/;

/** HTTP with the rules that registries need: bounded waiting, careful redirects, no unasked plain http. */
export class Exchange implements Disposable {
  readonly #options: ExchangeOptions;
  readonly #http: HttpAgent;
  readonly #https: HttpsAgent;

  constructor(options: ExchangeOptions) {
    this.#options = options;
    const proxy = options.proxyEnv ? { proxyEnv: { ...options.proxyEnv } } : {};
    this.#http = new HttpAgent({ keepAlive: true, ...proxy });
    this.#https = new HttpsAgent({
      keepAlive: true,
      ...proxy,
      ...(options.ca ? { ca: [...getCACertificates('default'), options.ca] } : {}),
    });
  }

  /** Sends a request and follows redirects; what belongs to the first host (`Authorization`) is not told to another. */
  async send(outgoing: Outgoing): Promise<Incoming> {
    let { url, headers = {} } = outgoing;
    for (let redirects = 0; ; redirects++) {
      this.#checkScheme(url);
      await this.#checkAddress(url);
      const incoming = await this.#once({ ...outgoing, url, headers });
      const location = incoming.headers.location;
      if (![301, 302, 303, 307, 308].includes(incoming.status) || location === undefined) return incoming;
      incoming.discard();
      if (redirects === maxRedirects) throw new OciError('registry_refused', `over ${maxRedirects} redirects`);
      const next = parseUrl(location, url);
      if (url.protocol === 'https:' && next.protocol !== 'https:') {
        throw new OciError('plain_http_refused', `${url.host} redirects from https to ${next.protocol}//${next.host}`);
      }
      if (next.origin !== url.origin) headers = withoutAuthorization(headers);
      url = next;
    }
  }

  [Symbol.dispose](): void {
    this.#http.destroy();
    this.#https.destroy();
  }

  #checkScheme(url: URL): void {
    if (url.protocol === 'https:') return;
    if (url.protocol !== 'http:') throw new OciError('registry_refused', `${url.protocol} is not spoken here`);
    if (!this.#options.plainHttp && !isLoopback(url.host)) {
      throw new OciError('plain_http_refused', `plain http to ${url.host} was not asked for`);
    }
  }

  /** What no lookup of a direct connection sees: addresses as such, and names that a proxy resolves. */
  async #checkAddress(url: URL): Promise<void> {
    const { allowsAddress, proxyEnv = {} } = this.#options;
    if (!allowsAddress) return;
    checkLiteral(hostIn(url), allowsAddress);
    const isProxied = Object.entries(proxyEnv).some(([name, value]) => value && /^https?_proxy$/i.test(name));
    if (isProxied) await checkProxied(hostIn(url), allowsAddress);
  }

  #once({ url, method = 'GET', headers, body, signal }: Outgoing): Promise<Incoming> {
    signal?.throwIfAborted();
    const { allowsAddress } = this.#options;
    return new Promise((resolve, reject) => {
      const isSecure = url.protocol === 'https:';
      const send = isSecure ? httpsRequest : httpRequest;
      const request = send(url, {
        method,
        headers: { 'user-agent': 'gabion', 'accept-encoding': 'identity', ...headers },
        agent: isSecure ? this.#https : this.#http,
        ...(allowsAddress ? { lookup: filteredLookup(hostIn(url), allowsAddress) } : {}),
        ...(signal ? { signal } : {}),
      });
      const timer = setTimeout(() => request.destroy(new Error('no answer in time')), this.#options.timeouts.headersMs);
      request.on('response', (message) => {
        clearTimeout(timer);
        resolve(this.#incoming(url, message, signal));
      });
      request.on('error', (error) => {
        clearTimeout(timer);
        reject(signal?.aborted ? signal.reason : failureOf(url, error));
      });
      request.end(body);
    });
  }

  #incoming(url: URL, message: IncomingMessage, signal?: AbortSignal): Incoming {
    return {
      url,
      status: message.statusCode ?? 0,
      headers: message.headers,
      body: guarded(message, this.#options.timeouts.stallMs, signal),
      discard: () => {
        // Its connection is gone; the error of an aborted body has nobody to hear it.
        message.on('error', () => {}).destroy();
      },
    };
  }
}

/** What a repetition would not change is told by its own code. */
function failureOf(url: URL, error: NodeJS.ErrnoException & { hostname?: string }): Error {
  if (error instanceof OciError) return error;
  if (error.code === 'ENOTFOUND')
    return new OciError('name_unresolved', `there is no host ${error.hostname ?? url.hostname}`, { cause: error });
  if (certificateErrors.test(error.code ?? ''))
    return new OciError('certificate_refused', `the certificate of ${url.host} is not trusted: ${error.message}`, {
      cause: error,
    });
  // Where several addresses were tried, Node's error has a code and no text.
  return new ConnectionLost(`${url.host}: ${error.message || error.code}`, { cause: error });
}

/** A body whose silence is bounded; the reader's own pauses do not count. */
async function* guarded(message: IncomingMessage, stallMs: number, signal?: AbortSignal): AsyncGenerator<Buffer> {
  let isWaiting = true;
  const timer = setInterval(() => isWaiting && message.destroy(new Error('the body stalled')), stallMs);
  try {
    for await (const chunk of message) {
      isWaiting = false;
      yield chunk as Buffer;
      isWaiting = true;
      timer.refresh();
    }
  } catch (error) {
    if (signal?.aborted) throw signal.reason;
    throw new ConnectionLost((error as Error).message, { cause: error });
  } finally {
    clearInterval(timer);
    message.destroy();
  }
}

function parseUrl(location: string, base: URL): URL {
  if (!URL.canParse(location, base.href)) throw new OciError('registry_refused', 'a redirect leads to no URL');
  return new URL(location, base.href);
}

function withoutAuthorization(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => name.toLowerCase() !== 'authorization'));
}

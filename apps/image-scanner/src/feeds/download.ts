import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { type Backoff, delayBefore, retryAfterMs } from '@gabion/oci/backoff';
import { ConnectionLost, type Exchange, type Incoming } from '@gabion/oci/exchange';
import { OciError } from '@gabion/oci/oci-error';
import { FeedFailure } from './feed-failure.ts';

/** What tells whether a file has changed: RFC 9110, 8.8. */
export interface Validator {
  readonly etag?: string;
  readonly lastModified?: string;
  /** SHA-256 of its bytes, for servers that give neither. */
  readonly digest?: string;
}

/** A file as it was fetched, or that it is the same as before. */
export type Download =
  | { readonly kind: 'unchanged'; readonly bytes: number }
  | { readonly kind: 'fetched'; readonly validator: Validator; readonly bytes: number };

export interface DownloadOptions {
  readonly exchange: Exchange;
  readonly backoff: Backoff;
  /** Of what is held; absent: fetch in any case. */
  readonly known?: Validator | undefined;
  readonly maxBytes: number;
  /** A body must bring so many bytes in each such time: one that drips is given up. */
  readonly slowest: { readonly bytes: number; readonly windowMs: number };
  readonly signal: AbortSignal;
  readonly onBytes?: (done: number, total: number) => void;
}

/** What a server asks for before it is asked again within the same attempt; for longer, the schedule waits. */
const patienceMs = 30_000;

/**
 * Fetches a file to `path`. What was lost on the way goes on where it stopped, in a later process too: bytes and the
 * validator that they belong to stay beside `path` until the file is whole.
 */
export async function download(url: URL, path: string, options: DownloadOptions): Promise<Download> {
  const part = await Part.open(path, url);
  const { backoff, signal } = options;
  let fruitless = 0;
  for (;;) {
    const before = part.size;
    try {
      return await attempt(url, part, options);
    } catch (error) {
      if (!isWorthRepeating(error)) throw error;
      fruitless = part.size > before ? 0 : fruitless + 1;
      const asked = error instanceof FeedFailure ? error.retryAfterMs : undefined;
      if (fruitless >= backoff.attempts || (asked ?? 0) > patienceMs) throw truncation(error, part);
      await backoff.wait(delayBefore(fruitless, backoff, asked), signal);
    }
  }
}

async function attempt(url: URL, part: Part, options: DownloadOptions): Promise<Download> {
  const { exchange, known, signal } = options;
  const headers = part.size > 0 ? part.rangeHeaders() : conditions(known);
  const incoming = await exchange.send({ url, headers, signal });
  if (incoming.status === 304 && part.size === 0) {
    incoming.discard();
    return { kind: 'unchanged', bytes: 0 };
  }
  if (incoming.status === 416) {
    incoming.discard();
    await part.forget();
    throw new ConnectionLost('the file has changed while it was fetched');
  }
  if (incoming.status !== 200 && incoming.status !== 206) throw refusal(url, incoming);
  const isContinued = incoming.status === 206 && rangeStart(incoming) === part.size;
  if (incoming.status === 206 && !isContinued) {
    incoming.discard();
    await part.forget();
    throw new ConnectionLost('another range was answered than asked for');
  }
  const { digest, size } = await part.take(incoming, isContinued, options);
  const validator = { ...validatorOf(incoming), digest };
  if (known?.digest !== undefined && known.digest === digest) return { kind: 'unchanged', bytes: size };
  return { kind: 'fetched', validator, bytes: size };
}

/** What has come of a file so far. */
class Part {
  private constructor(
    private readonly path: string,
    private readonly url: string,
    public size: number,
    private validator: Validator,
  ) {}

  static async open(path: string, url: URL): Promise<Part> {
    const told = await readFile(`${path}.part`, 'utf8').catch(() => '');
    const known = parsed(told);
    const found = await stat(path).catch(() => undefined);
    if (known?.url === url.href && found && (known.validator.etag ?? known.validator.lastModified))
      return new Part(path, url.href, found.size, known.validator);
    await rm(path, { force: true });
    return new Part(path, url.href, 0, {});
  }

  /** Only as long as it is the same file (RFC 9110, 13.1.5; a weak entity tag says nothing about bytes). */
  rangeHeaders(): Record<string, string> {
    const { etag, lastModified } = this.validator;
    const condition = etag && !etag.startsWith('W/') ? etag : lastModified;
    return { range: `bytes=${this.size}-`, ...(condition && { 'if-range': condition }) };
  }

  async forget(): Promise<void> {
    this.size = 0;
    await rm(this.path, { force: true });
    await rm(`${this.path}.part`, { force: true });
  }

  async take(
    incoming: Incoming,
    isContinued: boolean,
    options: DownloadOptions,
  ): Promise<{ digest: string; size: number }> {
    const { maxBytes, onBytes } = options;
    const start = isContinued ? this.size : 0;
    const total = lengthOf(incoming, start);
    if (total !== undefined && total > maxBytes) {
      incoming.discard();
      throw tooLarge(maxBytes);
    }
    if (!isContinued) await this.#begin(validatorOf(incoming));
    const file = await open(this.path, 'a', 0o600);
    try {
      const pace = new Pace(options.slowest);
      for await (const chunk of incoming.body) {
        if (this.size + chunk.length > maxBytes) throw tooLarge(maxBytes);
        await file.write(chunk);
        this.size += chunk.length;
        pace.count(chunk.length);
        onBytes?.(this.size, total ?? 0);
      }
    } finally {
      await file.close();
    }
    if (total !== undefined && this.size < total)
      throw new ConnectionLost(`the body ended after ${this.size} of ${total} bytes`);
    await rm(`${this.path}.part`, { force: true });
    return { digest: await digestOf(this.path), size: this.size };
  }

  async #begin(validator: Validator): Promise<void> {
    await rm(this.path, { force: true });
    this.size = 0;
    this.validator = validator;
    await writeFile(`${this.path}.part`, JSON.stringify({ url: this.url, validator }), { mode: 0o600 });
  }
}

/** Bytes in windows of time. */
class Pace {
  #since = performance.now();
  #bytes = 0;

  constructor(private readonly slowest: DownloadOptions['slowest']) {}

  count(bytes: number): void {
    this.#bytes += bytes;
    const { windowMs, bytes: least } = this.slowest;
    if (performance.now() - this.#since < windowMs) return;
    if (this.#bytes < least) throw new FeedFailure('feed_too_slow', `under ${least} bytes came in ${windowMs} ms`);
    this.#since = performance.now();
    this.#bytes = 0;
  }
}

function conditions(known: Validator | undefined): Record<string, string> {
  return {
    ...(known?.etag && { 'if-none-match': known.etag }),
    ...(known?.lastModified && { 'if-modified-since': known.lastModified }),
  };
}

function validatorOf({ headers }: Incoming): Validator {
  const { etag, 'last-modified': lastModified } = headers;
  return { ...(etag && { etag }), ...(lastModified && { lastModified }) };
}

function rangeStart({ headers }: Incoming): number {
  return Number(/^bytes (\d{1,15})-/.exec(headers['content-range'] ?? '')?.[1] ?? Number.NaN);
}

function lengthOf({ headers }: Incoming, start: number): number | undefined {
  const length = headers['content-length'];
  return length === undefined ? undefined : start + Number(length);
}

/** What an answer means that brings no file; its body is discarded. */
function refusal(url: URL, incoming: Incoming): FeedFailure {
  incoming.discard();
  const { status, headers } = incoming;
  const retry = { retryAfterMs: retryAfterMs(headers['retry-after'], new Date()) };
  const where = `${url.host}${url.pathname}`;
  if (status === 404 || status === 410) return new FeedFailure('feed_not_found', `${where} does not exist`);
  if (status === 401 || status === 403) return new FeedFailure('feed_forbidden', `${where} answers ${status}`);
  if (status === 429) return new FeedFailure('rate_limited', `${where} asks to slow down`, retry);
  if (status >= 500 || status === 408) return new FeedFailure('feed_unavailable', `${where} answers ${status}`, retry);
  return new FeedFailure('feed_refused', `${where} answers ${status}`);
}

function isWorthRepeating(error: unknown): boolean {
  if (error instanceof ConnectionLost) return true;
  if (error instanceof OciError) return error.code === 'registry_unavailable';
  return error instanceof FeedFailure && ['rate_limited', 'feed_unavailable', 'feed_too_slow'].includes(error.code);
}

/** A connection that is lost again and again with bytes on the way is another failure than none at all. */
function truncation(error: unknown, part: Part): unknown {
  if (!(error instanceof ConnectionLost) || part.size === 0) return error;
  return new FeedFailure('feed_truncated', `the connection was lost after ${part.size} bytes: ${error.message}`, {
    cause: error,
  });
}

function tooLarge(maxBytes: number): FeedFailure {
  return new FeedFailure('feed_too_large', `over ${maxBytes} bytes are not taken`);
}

async function digestOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: 256 * 1024 })) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

function parsed(text: string): { url: string; validator: Validator } | undefined {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

import type { ServerResponse } from 'node:http';
import { Fault } from '@gabion/rpc/fault';
import type { Limits } from './config.ts';
import { answerTo } from './problem.ts';

/** How a stream of messages is written over HTTP. */
export interface StreamFormat {
  readonly contentType: string;
  message(json: string, index: number): string;
  error(problem: string): string;
  readonly opening: string;
  readonly heartbeat: string | undefined;
}

/** Server-sent events (WHATWG HTML §9.2). JSON has no line breaks, so one data line holds a message. */
export const eventStream: StreamFormat = {
  contentType: 'text/event-stream',
  opening: 'retry: 2000\n\n',
  message: (json, index) => `event: message\nid: ${index}\ndata: ${json}\n\n`,
  error: (problem) => `event: error\ndata: ${problem}\n\n`,
  heartbeat: ':\n\n',
};

/** One JSON object a line: {"result": …}, or {"error": …} in the last. */
export const jsonLines: StreamFormat = {
  contentType: 'application/x-ndjson',
  opening: '',
  message: (json) => `{"result":${json}}\n`,
  error: (problem) => `{"error":${problem}}\n`,
  heartbeat: undefined,
};

export interface StreamAnswer {
  readonly format: StreamFormat;
  readonly messages: AsyncIterable<string>;
  readonly requestId: string;
  /** Called when the stream has not been refused, to take the response over; answers its headers. */
  begin(): Readonly<Record<string, number | string | string[] | undefined>>;
  /** Aborts when the reader has gone, or the gateway stops. */
  readonly signal: AbortSignal;
  readonly limits: Pick<Limits, 'stallMs' | 'heartbeatMs'>;
}

/** How long a service may take to refuse a stream and still have its refusal answered as an HTTP error. */
const refusalMs = 300;

/**
 * Writes a stream as it comes and no faster than it is read. An error before the first message is thrown, for the
 * caller to answer; a later one is the stream's last line.
 */
export async function answerStream(response: ServerResponse, answer: StreamAnswer): Promise<void> {
  const { format, requestId, signal, limits } = answer;
  const messages = answer.messages[Symbol.asyncIterator]();
  let next = messages.next();
  // Waited for again below, unless the race throws.
  next.catch(() => {});
  await Promise.race([next, new Promise((resolve) => setTimeout(resolve, refusalMs).unref())]);
  response.writeHead(200, { ...answer.begin(), 'content-type': format.contentType });
  response.flushHeaders();
  const heartbeat = beat(response, format, limits.heartbeatMs);
  try {
    if (format.opening) await write(response, format.opening, limits.stallMs);
    for (let index = 1; ; index++) {
      const { done, value } = await next;
      if (done || signal.aborted) break;
      await write(response, format.message(value, index), limits.stallMs);
      next = messages.next();
    }
  } catch (error) {
    if (!signal.aborted && !response.destroyed)
      response.write(format.error(JSON.stringify(answerTo(error, requestId).problem)));
  } finally {
    clearInterval(heartbeat);
    response.end();
    // Ends the call behind the stream; nobody waits for that.
    void messages.return?.().catch(() => {});
  }
}

/** A document that comes in pieces. */
export interface BytesAnswer extends Pick<StreamAnswer, 'begin' | 'signal' | 'limits'> {
  readonly pieces: AsyncIterable<{ readonly contentType: string; readonly data: Uint8Array }>;
}

/**
 * Writes the pieces of a document, no faster than they are read; the first says its media type. An error before it is
 * thrown, for the caller to answer; after a later one the answer breaks off, which the reader sees.
 */
export async function answerBytes(response: ServerResponse, { pieces, begin, limits }: BytesAnswer): Promise<void> {
  const coming = pieces[Symbol.asyncIterator]();
  let next = await coming.next();
  const contentType = (!next.done && next.value.contentType) || 'application/octet-stream';
  response.writeHead(200, { ...begin(), 'content-type': contentType });
  try {
    for (; !next.done && !response.destroyed; next = await coming.next())
      await write(response, next.value.data, limits.stallMs);
    response.end();
  } catch {
    response.destroy();
  } finally {
    void coming.return?.().catch(() => {});
  }
}

function beat(response: ServerResponse, { heartbeat }: StreamFormat, everyMs: number): NodeJS.Timeout | undefined {
  if (!heartbeat) return undefined;
  return setInterval(() => {
    if (!response.writableNeedDrain && !response.writableEnded) response.write(heartbeat);
  }, everyMs).unref();
}

async function write(response: ServerResponse, text: string | Uint8Array, stallMs: number): Promise<void> {
  if (response.write(text)) return;
  await new Promise<void>((resolve, reject) => {
    const stalled = setTimeout(() => {
      response.destroy();
      reject(new Fault('cancelled', 'the reader took nothing for too long', { code: 'reader_stalled' }));
    }, stallMs).unref();
    const go = () => {
      clearTimeout(stalled);
      response.off('drain', go).off('close', go);
      resolve();
    };
    response.on('drain', go).on('close', go);
  });
}

/** Counts the streams that each caller has open. */
export class OpenStreams {
  readonly #open = new Map<string, number>();
  readonly #most: number;

  constructor(most: number) {
    this.#most = most;
  }

  /** Takes one of the caller's places until it is disposed of; throws when all are taken. */
  take(callerId: string): Disposable {
    const open = this.#open.get(callerId) ?? 0;
    if (open >= this.#most)
      throw new Fault('resource_exhausted', `you have ${open} streams open, which is as many as you may`, {
        code: 'streams_exhausted',
      });
    this.#open.set(callerId, open + 1);
    return { [Symbol.dispose]: () => this.#release(callerId) };
  }

  #release(callerId: string): void {
    const open = this.#open.get(callerId) ?? 0;
    if (open > 1) this.#open.set(callerId, open - 1);
    else this.#open.delete(callerId);
  }
}

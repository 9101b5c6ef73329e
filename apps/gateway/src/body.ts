import type { IncomingMessage } from 'node:http';
import type { DescField } from '@bufbuild/protobuf';
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { Fault } from '@gabion/rpc/fault';
import type { Limits } from './config.ts';
import { type Json, readJson } from './json-text.ts';
import { bodyTooLarge, contentTypeUnsupported, requestTimeout } from './problem.ts';

/** The JSON in the body of a request; undefined when there is none. Throws a Fault for anything else. */
export async function jsonBody(
  request: IncomingMessage,
  { bodyBytes, requestMs }: Pick<Limits, 'bodyBytes' | 'requestMs'>,
): Promise<Json | undefined> {
  if (!hasBody(request)) return undefined;
  if (Number(request.headers['content-length'] ?? 0) > bodyBytes) throw bodyTooLarge();
  checkType(request);
  const bytes = await readAll(request, bodyBytes, requestMs);
  return bytes.length === 0 ? undefined : readJson(bytes);
}

/** Whether the request says that a body comes with it. */
export function hasBody({ headers }: IncomingMessage): boolean {
  const { 'content-length': length, 'transfer-encoding': chunked } = headers;
  return (length !== undefined && length !== '0') || chunked !== undefined;
}

/**
 * The messages of an upload: the first from path and query, then one for each piece of the body. Throws when nothing
 * comes for `stallMs`, or the body breaks off.
 */
export async function* uploadMessages(
  first: Buffer,
  field: DescField,
  request: IncomingMessage,
  stallMs: number,
): AsyncGenerator<Buffer> {
  if ((request.headers['content-encoding'] ?? 'identity') !== 'identity') throw contentTypeUnsupported();
  yield first;
  if (!hasBody(request)) return;
  // Left early, the request must stay open: its answer goes over the same socket.
  const pieces = request.iterator({ destroyOnReturn: false });
  for (;;) {
    const { done, value } = await within(stallMs, pieces.next());
    if (done) return;
    yield Buffer.from(new BinaryWriter().tag(field.number, WireType.LengthDelimited).bytes(value).finish());
  }
}

async function within<T>(ms: number, coming: Promise<T>): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(requestTimeout()), ms);
  try {
    return await Promise.race([coming, late]);
  } catch (error) {
    if (error instanceof Fault) throw error;
    throw new Fault('cancelled', 'the body broke off', { code: 'body_incomplete', cause: error });
  } finally {
    clearTimeout(timer);
  }
}

function checkType({ headers }: IncomingMessage): void {
  const [type = '', ...parameters] = (headers['content-type'] ?? '').toLowerCase().split(';');
  const isUtf8 = parameters.every((each) => /^\s*(?:charset="?utf-8"?|version="?[0-9.]{1,16}"?)?\s*$/.test(each));
  const isPlain = (headers['content-encoding'] ?? 'identity') === 'identity';
  // Registries send their events under media types of their own, "application/cloudevents+json".
  const isJson = /^application\/(?:[a-z0-9!#$&^_.-]{1,100}\+)?json$/.test(type.trim());
  if (!isJson || !isUtf8 || !isPlain) throw contentTypeUnsupported();
}

function readAll(request: IncomingMessage, limit: number, withinMs: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(requestTimeout()), withinMs);
    const chunks: Buffer[] = [];
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > limit) {
        request.removeAllListeners('data').resume();
        reject(bodyTooLarge());
      } else chunks.push(chunk);
    });
    request.on('close', () => clearTimeout(timer));
    request.on('end', () => resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)));
    request.on('error', (cause) =>
      reject(new Fault('cancelled', 'the body broke off', { code: 'body_incomplete', cause })),
    );
  });
}

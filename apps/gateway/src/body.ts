import type { IncomingMessage } from 'node:http';
import { Fault } from '@gabion/rpc/fault';
import { type Json, readJson } from './json-text.ts';
import { bodyTooLarge, contentTypeUnsupported } from './problem.ts';

/** The JSON in the body of a request; undefined when there is none. Throws a Fault for anything else. */
export async function jsonBody(request: IncomingMessage, limit: number): Promise<Json | undefined> {
  const { 'content-length': length, 'transfer-encoding': chunked } = request.headers;
  if ((length === undefined || length === '0') && chunked === undefined) return undefined;
  if (Number(length ?? 0) > limit) throw bodyTooLarge();
  checkType(request);
  const bytes = await readAll(request, limit);
  return bytes.length === 0 ? undefined : readJson(bytes);
}

function checkType({ headers }: IncomingMessage): void {
  const [type = '', ...parameters] = (headers['content-type'] ?? '').toLowerCase().split(';');
  const isUtf8 = parameters.every((each) => /^\s*(?:charset="?utf-8"?)?\s*$/.test(each));
  const isPlain = (headers['content-encoding'] ?? 'identity') === 'identity';
  if (type.trim() !== 'application/json' || !isUtf8 || !isPlain) throw contentTypeUnsupported();
}

function readAll(request: IncomingMessage, limit: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > limit) {
        request.removeAllListeners('data').resume();
        reject(bodyTooLarge());
      } else chunks.push(chunk);
    });
    request.on('end', () => resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)));
    request.on('error', (cause) =>
      reject(new Fault('cancelled', 'the body broke off', { code: 'body_incomplete', cause })),
    );
  });
}

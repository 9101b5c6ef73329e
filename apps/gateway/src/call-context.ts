import { randomUUID } from 'node:crypto';
import { Fault } from '@gabion/rpc/fault';

/** A caller's own request id if it is fit for logs and headers, else a new one. */
export function requestIdFrom(given: unknown): string {
  return typeof given === 'string' && /^[A-Za-z0-9._:/=+-]{1,128}$/.test(given) ? given : randomUUID();
}

/** The `Idempotency-Key` of a request (draft-ietf-httpapi-idempotency-key-header: a string, quoted or not). */
export function idempotencyKeyFrom(given: unknown): string | undefined {
  if (given === undefined) return undefined;
  const key = typeof given === 'string' ? given.replace(/^"(.*)"$/, '$1') : '';
  if (/^[A-Za-z0-9._:/=+-]{8,128}$/.test(key)) return key;
  throw new Fault('invalid_argument', 'Idempotency-Key must be 8 to 128 of A-Z a-z 0-9 . _ : / = + -', {
    code: 'idempotency_key_malformed',
  });
}

/** A `traceparent` of W3C Trace Context that may be continued. */
export function traceparentFrom(given: unknown): string | undefined {
  return typeof given === 'string' && /^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/.test(given) ? given : undefined;
}

import { randomBytes } from 'node:crypto';

const poolBytes = 4096;

let pool = Buffer.alloc(0);

/** Random bytes that nobody was given before. Taken from the system in pages: a call for each nonce costs as much as a short encryption. */
export function freshNonce(bytes: number): Uint8Array {
  if (pool.length < bytes) pool = randomBytes(poolBytes);
  const nonce = pool.subarray(0, bytes);
  pool = pool.subarray(bytes);
  return nonce;
}

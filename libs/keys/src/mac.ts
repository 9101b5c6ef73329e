import { createHmac, timingSafeEqual } from 'node:crypto';

/** The digests of MACs and derivations. */
export type Digest = 'sha256' | 'sha384' | 'sha512';

/** How many bytes each of them has. */
export const digestBytes: Readonly<Record<Digest, number>> = { sha256: 32, sha384: 48, sha512: 64 };

/** HMAC (RFC 2104) of the whole length of the digest. */
export function macOf(digest: Digest, key: Uint8Array, message: Uint8Array): Buffer {
  return createHmac(digest, key).update(message).digest();
}

/** Whether `mac` is that of the message, compared in constant time. Shortened MACs are none. */
export function isMac(digest: Digest, key: Uint8Array, message: Uint8Array, mac: Uint8Array): boolean {
  const right = macOf(digest, key, message);
  return mac.length === right.length && timingSafeEqual(mac, right);
}

import { hkdfSync } from 'node:crypto';
import { KeyError } from './key-error.ts';
import { type Digest, digestBytes } from './mac.ts';

/** What a key is derived for: `salt` may be empty, `info` sets uses apart (at most 1024 bytes). */
export interface Derivation {
  readonly salt: Uint8Array;
  readonly info: Uint8Array;
  readonly lengthBytes: number;
}

/** HKDF (RFC 5869), both steps. Throws KeyError `derivation_invalid`. */
export function derive(digest: Digest, key: Uint8Array, { salt, info, lengthBytes }: Derivation): Buffer {
  const isLength = Number.isInteger(lengthBytes) && lengthBytes >= 1 && lengthBytes <= 255 * digestBytes[digest];
  if (!isLength || info.length > 1024)
    throw new KeyError('derivation_invalid', 'a derivation of no length, or too long for its digest');
  return Buffer.from(hkdfSync(digest, key, salt, info, lengthBytes));
}

import {
  decapsulate as decapsulateBytes,
  diffieHellman,
  encapsulate as encapsulateBytes,
  type KeyObject,
} from 'node:crypto';
import { KeyError } from './key-error.ts';

/** A secret for the holder of the private key, and the ciphertext from which they learn it. */
export interface Encapsulated {
  readonly sharedSecret: Buffer;
  readonly ciphertext: Buffer;
}

const ciphertextBytes: ReadonlyMap<string | undefined, number> = new Map([
  ['ml-kem-768', 1088],
  ['ml-kem-1024', 1568],
]);

/**
 * The secret that two keys of X25519 share (RFC 7748 section 6.1). Throws `key_malformed` for a public key of another
 * kind, and for one of small order, with which everybody shares the same secret.
 */
export function agree(privateKey: KeyObject, publicKey: KeyObject): Buffer {
  if (privateKey.asymmetricKeyType !== 'x25519' || publicKey.asymmetricKeyType !== 'x25519')
    throw new KeyError('key_malformed', 'an agreement needs two keys of X25519');
  try {
    return diffieHellman({ privateKey, publicKey });
  } catch {
    throw new KeyError('key_malformed', 'the public key is of small order');
  }
}

/** Makes a secret with a public key of ML-KEM (FIPS 203). */
export function encapsulate(publicKey: KeyObject): Encapsulated {
  if (!ciphertextBytes.has(publicKey.asymmetricKeyType))
    throw new KeyError('key_malformed', 'an encapsulation needs a key of ML-KEM');
  const { sharedKey, ciphertext } = encapsulateBytes(publicKey);
  return { sharedSecret: Buffer.from(sharedKey), ciphertext: Buffer.from(ciphertext) };
}

/**
 * The secret of a ciphertext of ML-KEM. One of the wrong length is `ciphertext_refused`; a changed one answers another
 * secret, as FIPS 203 section 6.3 has it, and nothing tells the two apart.
 */
export function decapsulate(privateKey: KeyObject, ciphertext: Uint8Array): Buffer {
  const bytes = ciphertextBytes.get(privateKey.asymmetricKeyType);
  if (!bytes) throw new KeyError('key_malformed', 'a decapsulation needs a key of ML-KEM');
  if (ciphertext.length !== bytes)
    throw new KeyError('ciphertext_refused', `a ciphertext of this key has ${bytes} bytes`);
  return Buffer.from(decapsulateBytes(privateKey, ciphertext));
}

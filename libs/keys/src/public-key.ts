import { createPublicKey, type KeyObject } from 'node:crypto';
import { KeyError } from './key-error.ts';
import { type PrivateType, privateKeyOf } from './material.ts';

/** Characters of a PEM or JWK text: ML-DSA-87 has 3.6 KiB. */
const maxTextLength = 16_384;

/** The public key of private material. */
export function publicKeyOf(type: PrivateType, material: Uint8Array): KeyObject {
  return createPublicKey(privateKeyOf(type, material));
}

/** SubjectPublicKeyInfo in PEM. */
export function pemOf(key: KeyObject): string {
  return key.export({ format: 'pem', type: 'spki' }) as string;
}

/** RFC 7517, with `kid`; keys of ML-DSA and ML-KEM as `AKP` (draft-ietf-cose-dilithium). */
export function jwkOf(key: KeyObject, kid: string): string {
  return JSON.stringify({ ...key.export({ format: 'jwk' }), kid });
}

/** A public key from PEM; throws `key_malformed`. */
export function publicKeyIn(pem: string): KeyObject {
  try {
    // One block of a public key only: OpenSSL would also take the public half of a private key or certificate.
    if (
      pem.length <= maxTextLength &&
      /^-----BEGIN PUBLIC KEY-----\n[A-Za-z0-9+/=\r\n]+-----END PUBLIC KEY-----\s*$/.test(pem)
    )
      return createPublicKey({ key: pem, format: 'pem', type: 'spki' });
  } catch {
    // Falls through to the one refusal.
  }
  throw new KeyError('key_malformed', 'that is no public key in PEM (SubjectPublicKeyInfo)');
}

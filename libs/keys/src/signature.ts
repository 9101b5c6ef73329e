import { constants, type KeyObject, sign as signBytes, verify as verifyBytes } from 'node:crypto';
import { KeyError } from './key-error.ts';
import type { Digest } from './mac.ts';

/** How a message is signed; `ed25519` and `ml-dsa` take it whole, without a digest. */
export type SignatureAlgorithm = `ecdsa-${Digest}` | `rsa-pss-${Digest}` | `rsa-pkcs1-${Digest}` | 'ed25519' | 'ml-dsa';

/** How r and s of ECDSA are written; others have one form. */
export type EcdsaEncoding = 'der' | 'ieee-p1363';

/** Bytes of a message. */
export const maxMessageBytes = 64 * 1024 * 1024;

/** An algorithm taken apart. */
export type Scheme =
  | { readonly family: 'ecdsa' | 'rsa-pss' | 'rsa-pkcs1'; readonly digest: Digest }
  | { readonly family: 'ed25519' | 'ml-dsa'; readonly digest: null };

/** The signature of the whole message. Throws `algorithm_unknown` for an algorithm that the key has not. */
export function sign(
  key: KeyObject,
  algorithm: SignatureAlgorithm,
  message: Uint8Array,
  encoding: EcdsaEncoding = 'der',
): Buffer {
  if (message.length > maxMessageBytes) throw new KeyError('plaintext_too_large', 'the message is over 64 MiB');
  const { digest, options } = parametersOf(key, algorithm, encoding);
  return signBytes(digest, message, { key, ...options });
}

/** Whether the signature is the key's of this very message; whatever is wrong with it, it is not. */
export function isSignature(
  key: KeyObject,
  algorithm: SignatureAlgorithm,
  message: Uint8Array,
  signature: Uint8Array,
  encoding: EcdsaEncoding = 'der',
): boolean {
  const { digest, options } = parametersOf(key, algorithm, encoding);
  if (message.length > maxMessageBytes || !isWhole(key, signature)) return false;
  try {
    return verifyBytes(digest, message, { key, ...options }, signature);
  } catch {
    return false;
  }
}

/** RFC 8017 section 8.1.2 step 1: OpenSSL takes a PSS signature without its leading zeros as well, which makes two of one. */
export function isWhole(key: KeyObject, { length }: Uint8Array): boolean {
  const modulusBits = key.asymmetricKeyDetails?.modulusLength;
  return modulusBits === undefined || length === Math.ceil(modulusBits / 8);
}

/** The parts of an algorithm; throws `algorithm_unknown` for one that the key has not. */
export function schemeOf(key: KeyObject, algorithm: SignatureAlgorithm): Scheme {
  const scheme = partsOf(algorithm);
  if (!isFor(scheme.family, key.asymmetricKeyType ?? ''))
    throw new KeyError('algorithm_unknown', `a key of ${key.asymmetricKeyType} does not sign with ${algorithm}`);
  return scheme;
}

function parametersOf(key: KeyObject, algorithm: SignatureAlgorithm, encoding: EcdsaEncoding) {
  const { family, digest } = schemeOf(key, algorithm);
  if (family === 'ecdsa') return { digest, options: { dsaEncoding: encoding } };
  if (family === 'rsa-pkcs1') return { digest, options: { padding: constants.RSA_PKCS1_PADDING } };
  if (family === 'rsa-pss') {
    // RFC 8017 section 9.1 leaves the length open; JWS and TLS fix it at that of the digest, and so does this.
    const saltLength = constants.RSA_PSS_SALTLEN_DIGEST;
    return { digest, options: { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength } };
  }
  return { digest: null, options: {} };
}

function partsOf(algorithm: SignatureAlgorithm): Scheme {
  const match = /^(ecdsa|rsa-pss|rsa-pkcs1)-(sha256|sha384|sha512)$/.exec(algorithm);
  if (match) return { family: match[1], digest: match[2] } as Scheme;
  if (algorithm !== 'ed25519' && algorithm !== 'ml-dsa')
    throw new KeyError('algorithm_unknown', 'not an algorithm of signatures');
  return { family: algorithm, digest: null };
}

function isFor(family: Scheme['family'], keyType: string): boolean {
  if (family === 'ecdsa') return keyType === 'ec';
  if (family === 'ml-dsa') return keyType.startsWith('ml-dsa-');
  return family === 'ed25519' ? keyType === 'ed25519' : keyType === 'rsa';
}

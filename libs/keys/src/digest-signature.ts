import { constants, createPublicKey, type KeyObject, privateEncrypt, publicDecrypt } from 'node:crypto';
import { p256, p384, p521 } from '@noble/curves/nist.js';
import { isPssEncoded, pkcs1Encoded, pssEncoded } from './internal/rsa-padding.ts';
import { KeyError } from './key-error.ts';
import { type Digest, digestBytes } from './mac.ts';
import { type EcdsaEncoding, isWhole, type SignatureAlgorithm, schemeOf } from './signature.ts';

/** What Node does not ask OpenSSL for: ECDSA of a digest. The nonce is hedged (RFC 6979 section 3.6), its inversion blinded. */
const curves = new Map([
  ['prime256v1', p256],
  ['secp384r1', p384],
  ['secp521r1', p521],
]);
const unpadded = constants.RSA_NO_PADDING;

/** An algorithm that signs a digest rather than a message. */
interface DigestScheme {
  readonly family: 'ecdsa' | 'rsa-pss' | 'rsa-pkcs1';
  readonly digest: Digest;
}

/**
 * The signature that `sign` makes of a message, made of its digest. Throws `algorithm_unknown`, `digest_length_wrong`,
 * and `digest_not_signable` for the algorithms that take messages whole.
 */
export function signDigest(
  key: KeyObject,
  algorithm: SignatureAlgorithm,
  hashed: Uint8Array,
  encoding: EcdsaEncoding = 'der',
): Buffer {
  const { family, digest } = digestSchemeOf(key, algorithm, hashed);
  if (family === 'ecdsa') return ecdsaSignature(key, hashed, encoding);
  const modulusBits = modulusBitsOf(key);
  const padded =
    family === 'rsa-pss'
      ? pssEncoded(digest, hashed, modulusBits)
      : pkcs1Encoded(digest, hashed, Math.ceil(modulusBits / 8));
  return privateEncrypt({ key, padding: unpadded }, padded);
}

/** Whether the signature is the key's of a message with this digest; throws as `signDigest` does for what is no digest. */
export function isDigestSignature(
  key: KeyObject,
  algorithm: SignatureAlgorithm,
  hashed: Uint8Array,
  signature: Uint8Array,
  encoding: EcdsaEncoding = 'der',
): boolean {
  const scheme = digestSchemeOf(key, algorithm, hashed);
  try {
    if (scheme.family === 'ecdsa') return isEcdsaSignature(key, hashed, signature, encoding);
    return isWhole(key, signature) && isRsaSignature(key, scheme, hashed, signature);
  } catch {
    return false;
  }
}

function digestSchemeOf(key: KeyObject, algorithm: SignatureAlgorithm, { length }: Uint8Array): DigestScheme {
  const { family, digest } = schemeOf(key, algorithm);
  if (digest === null) throw new KeyError('digest_not_signable', `${family} signs whole messages only`);
  if (length !== digestBytes[digest])
    throw new KeyError('digest_length_wrong', `a digest of ${digest} has ${digestBytes[digest]} bytes`);
  return { family, digest };
}

function isRsaSignature(
  key: KeyObject,
  { family, digest }: DigestScheme,
  hashed: Uint8Array,
  signature: Uint8Array,
): boolean {
  const padded = publicDecrypt({ key, padding: unpadded }, signature);
  if (family === 'rsa-pss') return isPssEncoded(digest, hashed, modulusBitsOf(key), padded);
  // Compared with the one right encoding, never parsed: parsing is where forgeries got in (RFC 8017 section 8.2.2 note).
  return padded.equals(pkcs1Encoded(digest, hashed, padded.length));
}

function ecdsaSignature(key: KeyObject, hashed: Uint8Array, encoding: EcdsaEncoding): Buffer {
  const curve = curveOf(key);
  const sec1 = key.export({ format: 'der', type: 'sec1' });
  const format = encoding === 'der' ? 'der' : 'compact';
  try {
    const scalar = scalarIn(sec1, curve.lengths.secretKey as number);
    return Buffer.from(curve.sign(hashed, scalar, { prehash: false, lowS: false, extraEntropy: true, format }));
  } finally {
    sec1.fill(0);
  }
}

function isEcdsaSignature(key: KeyObject, hashed: Uint8Array, signature: Uint8Array, encoding: EcdsaEncoding): boolean {
  const format = encoding === 'der' ? 'der' : 'compact';
  return curveOf(key).verify(signature, hashed, pointOf(key), { prehash: false, lowS: false, format });
}

/** RFC 5915: a view of the scalar behind the version, so that no copy of it stays in a string as in a JWK. */
function scalarIn(sec1: Buffer, length: number): Uint8Array {
  const head = Buffer.of(0x02, 1, 1, 0x04, length);
  const at = sec1.indexOf(head);
  // The outer SEQUENCE has two or three bytes before it.
  if (at !== 2 && at !== 3) throw new KeyError('key_malformed', 'that is no private key of the curve');
  return sec1.subarray(at + head.length, at + head.length + length);
}

function pointOf(key: KeyObject): Uint8Array {
  const publicKey = key.type === 'private' ? createPublicKey(key) : key;
  const { x = '', y = '' } = publicKey.export({ format: 'jwk' });
  return Buffer.concat([Buffer.of(4), Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url')]);
}

function curveOf(key: KeyObject) {
  const curve = curves.get(key.asymmetricKeyDetails?.namedCurve ?? '');
  if (!curve) throw new KeyError('algorithm_unknown', 'digests are signed on P-256, P-384 and P-521');
  return curve;
}

function modulusBitsOf(key: KeyObject): number {
  return key.asymmetricKeyDetails?.modulusLength as number;
}

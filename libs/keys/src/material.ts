import {
  createPrivateKey,
  createPublicKey,
  generateKeyPair,
  type KeyObject,
  randomBytes,
  sign,
  verify,
} from 'node:crypto';
import { promisify } from 'node:util';
import { KeyError } from './key-error.ts';
import { hasStructuredPrimes } from './roca.ts';
import { areOfOneKey } from './rsa-components.ts';

/** What kind of material a key has, and with it what can be done with it. */
export type MaterialType =
  | 'symmetric-256'
  | 'hmac'
  | 'rsa-2048'
  | 'rsa-3072'
  | 'rsa-4096'
  | 'ecdsa-p256'
  | 'ecdsa-p384'
  | 'ecdsa-p521'
  | 'ed25519'
  | 'x25519'
  | 'ml-kem-768'
  | 'ml-kem-1024'
  | 'ml-dsa-44'
  | 'ml-dsa-65'
  | 'ml-dsa-87';

/** The types whose material is a private key with a public one. */
export type PrivateType = Exclude<MaterialType, 'symmetric-256' | 'hmac'>;

/** What OpenSSL says of a private key of the type. */
interface Shape {
  readonly name: string;
  readonly modulusLength?: number;
  readonly namedCurve?: string;
}

const shapes: Readonly<Record<PrivateType, Shape>> = {
  'rsa-2048': { name: 'rsa', modulusLength: 2048 },
  'rsa-3072': { name: 'rsa', modulusLength: 3072 },
  'rsa-4096': { name: 'rsa', modulusLength: 4096 },
  'ecdsa-p256': { name: 'ec', namedCurve: 'prime256v1' },
  'ecdsa-p384': { name: 'ec', namedCurve: 'secp384r1' },
  'ecdsa-p521': { name: 'ec', namedCurve: 'secp521r1' },
  ed25519: { name: 'ed25519' },
  x25519: { name: 'x25519' },
  'ml-kem-768': { name: 'ml-kem-768' },
  'ml-kem-1024': { name: 'ml-kem-1024' },
  'ml-dsa-44': { name: 'ml-dsa-44' },
  'ml-dsa-65': { name: 'ml-dsa-65' },
  'ml-dsa-87': { name: 'ml-dsa-87' },
};

/** Bytes of PKCS #8: RSA-4096 has 2.4 KiB, ML-DSA-87 in its expanded form 5 KiB. */
const maxPrivateBytes = 16_384;
/** Bytes of an HMAC key: as strong as its hash, and no longer than a block of SHA-512 (RFC 2104 section 3). */
const hmacBytes = { least: 32, most: 128, made: 64 };

const generated = promisify(generateKeyPair) as (
  name: string,
  options: object,
) => Promise<{ readonly privateKey: KeyObject }>;

/** New material: raw bytes of a symmetric key, PKCS #8 in DER of a private one. */
export async function generateMaterial(type: MaterialType): Promise<Buffer> {
  if (type === 'symmetric-256') return randomBytes(32);
  if (type === 'hmac') return randomBytes(hmacBytes.made);
  const { name, ...options } = shapes[type];
  const { privateKey } = await generated(name, options);
  return privateKey.export({ format: 'der', type: 'pkcs8' });
}

/**
 * Material that was made elsewhere, in the form in which it is kept. Throws `key_malformed` unless it is a sound key of
 * the type: of its size and curve, with a public key that belongs to it, and none that is known to be weak.
 */
export function importedMaterial(type: MaterialType, bytes: Uint8Array): Buffer {
  if (type === 'symmetric-256') return ofLength(bytes, 32, 32);
  if (type === 'hmac') return ofLength(bytes, hmacBytes.least, hmacBytes.most);
  const key = privateKeyOf(type, bytes);
  if (key.asymmetricKeyType === 'rsa') assertSoundRsa(key);
  assertOwnPublicKey(key);
  return key.export({ format: 'der', type: 'pkcs8' });
}

/** A private key of the type from its PKCS #8; throws `key_malformed`. */
export function privateKeyOf(type: PrivateType, material: Uint8Array): KeyObject {
  if (material.length > maxPrivateBytes) throw malformed();
  const key = parsed(material);
  const { name, modulusLength, namedCurve } = shapes[type];
  const details = key.asymmetricKeyDetails;
  const isOfType =
    key.asymmetricKeyType === name &&
    (modulusLength === undefined || details?.modulusLength === modulusLength) &&
    (namedCurve === undefined || details?.namedCurve === namedCurve);
  if (!isOfType) throw new KeyError('key_malformed', `the key is not of the type ${type}`);
  return key;
}

function parsed(material: Uint8Array): KeyObject {
  try {
    return createPrivateKey({ key: Buffer.from(material), format: 'der', type: 'pkcs8' });
  } catch {
    throw malformed();
  }
}

function assertSoundRsa(key: KeyObject): void {
  const { publicExponent = 0n } = key.asymmetricKeyDetails ?? {};
  // FIPS 186-5 A.1.1: odd, over 2^16 and below 2^256. 1 makes a signature of the message itself.
  if (publicExponent <= 65_536n || publicExponent >= 1n << 256n || publicExponent % 2n === 0n)
    throw new KeyError('key_malformed', 'the public exponent is not odd, or not from 65537 to 2^256');
  if (!areOfOneKey(key)) throw new KeyError('key_malformed', 'the numbers of the RSA key are not of one key');
  const { n = '' } = createPublicKey(key).export({ format: 'jwk' });
  if (hasStructuredPrimes(BigInt(`0x${Buffer.from(n, 'base64url').toString('hex')}`)))
    throw new KeyError('key_malformed', 'the modulus has primes of a known weak form (ROCA, CVE-2017-15361)');
}

/** A private key that came with a public key of others signs what nobody can verify, or gives itself away. */
function assertOwnPublicKey(key: KeyObject): void {
  // Keys of agreement hold no public key beside them that could be another's: it is made from the private one.
  if (key.asymmetricKeyType === 'x25519' || key.asymmetricKeyType?.startsWith('ml-kem')) return;
  const digest = key.asymmetricKeyType === 'rsa' || key.asymmetricKeyType === 'ec' ? 'sha256' : null;
  const message = randomBytes(32);
  try {
    if (verify(digest, message, createPublicKey(key), sign(digest, message, key))) return;
  } catch {
    // Falls through to the one refusal.
  }
  throw new KeyError('key_malformed', 'the public key does not belong to the private one');
}

function ofLength(bytes: Uint8Array, least: number, most: number): Buffer {
  if (bytes.length < least || bytes.length > most)
    throw new KeyError(
      'key_malformed',
      least === most ? `the key has not ${least} bytes` : `the key has not ${least} to ${most} bytes`,
    );
  return Buffer.from(bytes);
}

function malformed(): KeyError {
  return new KeyError('key_malformed', 'that is no private key in PKCS #8 (DER)');
}

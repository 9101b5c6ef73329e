import { constants, type KeyObject, privateDecrypt, publicEncrypt, randomBytes } from 'node:crypto';
import { KeyError } from './key-error.ts';
import { unwrap, wrap } from './wrapping.ts';

const oaep = { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' } as const;

/**
 * Material on its way from one key store to another: an AES-256 key by RSA-OAEP (SHA-256, RFC 8017 section 7.1), then the
 * material by AES-KWP with that key. The layout of CKM_RSA_AES_KEY_WRAP (PKCS #11 3.1, section 6.1.20) and of Vault.
 */
export function wrapForTransport(publicKey: KeyObject, material: Uint8Array): Buffer {
  if (publicKey.asymmetricKeyType !== 'rsa' || (publicKey.asymmetricKeyDetails?.modulusLength ?? 0) < 2048)
    throw new KeyError('key_malformed', 'material is wrapped to an RSA key of 2048 bits at least');
  const transient = randomBytes(32);
  const wrapped = Buffer.concat([
    publicEncrypt({ key: publicKey, ...oaep }, transient),
    wrap('aes-256-kwp', transient, material),
  ]);
  transient.fill(0);
  return wrapped;
}

/** The material; whatever is wrong with its wrapping is `ciphertext_refused`, alike and after the same work. */
export function unwrapFromTransport(privateKey: KeyObject, wrapped: Uint8Array): Buffer {
  const modulusBytes = (privateKey.asymmetricKeyDetails?.modulusLength ?? 0) / 8;
  const transient = transientOf(privateKey, wrapped.subarray(0, modulusBytes));
  try {
    return unwrap('aes-256-kwp', transient, wrapped.subarray(modulusBytes));
  } finally {
    transient.fill(0);
  }
}

/** The key, or a random one in place of what does not open (Manger, CRYPTO 2001): the unwrapping then fails as for any other. */
function transientOf(privateKey: KeyObject, encrypted: Uint8Array): Buffer {
  const other = randomBytes(32);
  try {
    const key = privateDecrypt({ key: privateKey, ...oaep }, encrypted);
    return key.length === 32 ? key : other;
  } catch {
    return other;
  }
}

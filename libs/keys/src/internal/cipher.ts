import { createCipheriv, createDecipheriv, type KeyObject } from 'node:crypto';
import { gcmsiv } from '@noble/ciphers/aes.js';
import { xchacha20poly1305 } from '@noble/ciphers/chacha.js';
import { KeyError } from '../key-error.ts';

/** The AEADs of the key service; all take keys of 32 bytes and make tags of 16. */
export type AeadAlgorithm = 'aes-256-gcm' | 'chacha20-poly1305' | 'xchacha20-poly1305' | 'aes-256-gcm-siv';

/** 32 bytes, or a secret key that holds them: OpenSSL takes longer to take in bytes than to encrypt a short text. */
export type AeadKey = Uint8Array | KeyObject;

/** A key, a nonce and the data that is authenticated beside the text. Only `seal` may choose a nonce. */
export interface Use {
  readonly key: AeadKey;
  readonly nonce: Uint8Array;
  readonly aad: Uint8Array;
}

interface Cipher {
  readonly nonceBytes: number;
  encrypt(use: Use, plaintext: Uint8Array): Uint8Array;
  decrypt(use: Use, sealed: Uint8Array): Uint8Array;
}

/** Bytes of a key. */
export const keyBytes = 32;
/** Bytes of a tag, the end of what `encrypt` answers. */
export const tagBytes = 16;

const ciphers: Readonly<Record<AeadAlgorithm, Cipher>> = {
  'aes-256-gcm': native('aes-256-gcm'),
  'chacha20-poly1305': native('chacha20-poly1305'),
  'xchacha20-poly1305': {
    nonceBytes: 24,
    encrypt: ({ key, nonce, aad }, plaintext) => xchacha20poly1305(bytesOf(key), nonce, aad).encrypt(plaintext),
    decrypt: ({ key, nonce, aad }, sealed) => xchacha20poly1305(bytesOf(key), nonce, aad).decrypt(sealed),
  },
  'aes-256-gcm-siv': {
    nonceBytes: 12,
    encrypt: ({ key, nonce, aad }, plaintext) => gcmsiv(bytesOf(key), nonce, aad).encrypt(plaintext),
    decrypt: ({ key, nonce, aad }, sealed) => gcmsiv(bytesOf(key), nonce, aad).decrypt(sealed),
  },
};

function native(name: 'aes-256-gcm' | 'chacha20-poly1305'): Cipher {
  return {
    nonceBytes: 12,
    encrypt({ key, nonce, aad }, plaintext) {
      const cipher = createCipheriv(name as 'aes-256-gcm', key, nonce, { authTagLength: tagBytes });
      cipher.setAAD(aad);
      return Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
    },
    decrypt({ key, nonce, aad }, sealed) {
      const decipher = createDecipheriv(name as 'aes-256-gcm', key, nonce, { authTagLength: tagBytes });
      decipher.setAAD(aad);
      decipher.setAuthTag(sealed.subarray(-tagBytes));
      const plaintext = decipher.update(sealed.subarray(0, -tagBytes));
      try {
        decipher.final();
        return plaintext;
      } catch (error) {
        plaintext.fill(0);
        throw error;
      }
    },
  };
}

/** The bytes of a nonce of `algorithm`. */
export function nonceBytesOf(algorithm: AeadAlgorithm): number {
  return ciphers[algorithm].nonceBytes;
}

/** The encrypted text with its tag behind it. */
export function encrypt(algorithm: AeadAlgorithm, use: Use, plaintext: Uint8Array): Uint8Array {
  checkUse(algorithm, use);
  return ciphers[algorithm].encrypt(use, plaintext);
}

/** The text that `encrypt` was given; throws KeyError `ciphertext_refused`, whatever is wrong with it. */
export function decrypt(algorithm: AeadAlgorithm, use: Use, sealed: Uint8Array): Uint8Array {
  checkUse(algorithm, use);
  try {
    if (sealed.length >= tagBytes) return ciphers[algorithm].decrypt(use, sealed);
  } catch {
    // Falls through to the one refusal: why a ciphertext does not authenticate is nobody's to know.
  }
  throw new KeyError('ciphertext_refused', 'the ciphertext is not of this key and context');
}

function bytesOf(key: AeadKey): Uint8Array {
  return isBytes(key) ? key : key.export();
}

/** By its shape: a test has a `Uint8Array` of its own. */
export function isBytes(key: AeadKey): key is Uint8Array {
  return 'byteLength' in key;
}

function checkUse(algorithm: AeadAlgorithm, { key, nonce }: Use): void {
  const length = isBytes(key) ? key.length : key.symmetricKeySize;
  if (length !== keyBytes) throw new KeyError('key_malformed', `a key of ${algorithm} has ${keyBytes} bytes`);
  // Other lengths would go through GHASH or be padded: nothing here makes them.
  if (nonce.length !== ciphers[algorithm].nonceBytes)
    throw new KeyError('ciphertext_refused', 'the ciphertext is not of this key and context');
}

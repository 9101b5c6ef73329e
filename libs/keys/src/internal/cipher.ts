import { createCipheriv, createDecipheriv } from 'node:crypto';
import { gcmsiv } from '@noble/ciphers/aes.js';
import { xchacha20poly1305 } from '@noble/ciphers/chacha.js';
import { KeyError } from '../key-error.ts';
import { type EvpCipher, evpCipher } from './evp.ts';

/** The AEADs of the key service; all take keys of 32 bytes and make tags of 16. */
export type AeadAlgorithm = 'aes-256-gcm' | 'chacha20-poly1305' | 'xchacha20-poly1305' | 'aes-256-gcm-siv';

/** A key, a nonce and the data that is authenticated beside the text. Only `seal` may choose a nonce. */
export interface Use {
  readonly key: Uint8Array;
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
  'aes-256-gcm': native('aes-256-gcm', evpCipher('AES-256-GCM')),
  'chacha20-poly1305': native('chacha20-poly1305', evpCipher('ChaCha20-Poly1305')),
  'xchacha20-poly1305': {
    nonceBytes: 24,
    encrypt: ({ key, nonce, aad }, plaintext) => xchacha20poly1305(key, nonce, aad).encrypt(plaintext),
    decrypt: ({ key, nonce, aad }, sealed) => xchacha20poly1305(key, nonce, aad).decrypt(sealed),
  },
  'aes-256-gcm-siv': {
    nonceBytes: 12,
    encrypt: ({ key, nonce, aad }, plaintext) => gcmsiv(key, nonce, aad).encrypt(plaintext),
    decrypt: ({ key, nonce, aad }, sealed) => gcmsiv(key, nonce, aad).decrypt(sealed),
  },
};

type NativeName = 'aes-256-gcm' | 'chacha20-poly1305';

/** Through OpenSSL's own interface where it is there and works, else through node:crypto. */
function native(name: NativeName, evp: EvpCipher | undefined): Cipher {
  const cipher = { nonceBytes: 12, ...throughNode(name) };
  if (!evp) return cipher;
  const direct: Cipher = {
    nonceBytes: 12,
    encrypt: ({ key, nonce, aad }, plaintext) => evp.encrypt(key, nonce, aad, plaintext),
    decrypt({ key, nonce, aad }, sealed) {
      const plaintext = evp.decrypt(key, nonce, aad, sealed);
      if (!plaintext) throw new Error('does not authenticate');
      return plaintext;
    },
  };
  return isAlike(direct, cipher) ? direct : cipher;
}

/** Whether two ciphers answer the same, and one opens and refuses as it has to: asked once, when they are loaded. */
function isAlike(one: Cipher, other: Cipher): boolean {
  try {
    const use = { key: new Uint8Array(keyBytes).fill(1), nonce: new Uint8Array(12).fill(2), aad: new Uint8Array(21) };
    return [0, 1, 33].every((length) => {
      const text = new Uint8Array(length).fill(3);
      const sealed = one.encrypt(use, text);
      const isSame = Buffer.compare(sealed, other.encrypt(use, text)) === 0;
      return isSame && Buffer.compare(one.decrypt(use, sealed), text) === 0 && refuses(one, use, sealed);
    });
  } catch {
    return false;
  }
}

function refuses(cipher: Cipher, use: Use, sealed: Uint8Array): boolean {
  const damaged = Uint8Array.from(sealed);
  damaged[damaged.length - 1] = (damaged.at(-1) as number) ^ 1;
  try {
    cipher.decrypt(use, damaged);
    return false;
  } catch {
    return true;
  }
}

function throughNode(name: NativeName): Omit<Cipher, 'nonceBytes'> {
  return {
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

function checkUse(algorithm: AeadAlgorithm, { key, nonce }: Use): void {
  if (key.length !== keyBytes) throw new KeyError('key_malformed', `a key of ${algorithm} has ${keyBytes} bytes`);
  // Other lengths would go through GHASH or be padded: nothing here makes them.
  if (nonce.length !== ciphers[algorithm].nonceBytes)
    throw new KeyError('ciphertext_refused', 'the ciphertext is not of this key and context');
}

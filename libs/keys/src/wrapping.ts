import { createCipheriv, createDecipheriv } from 'node:crypto';
import { KeyError } from './key-error.ts';

/** AES Key Wrap (RFC 3394: material of a multiple of 8 bytes, from 16) and with padding (RFC 5649: of any length). */
export type Wrapping = 'aes-256-kw' | 'aes-256-kwp';

const wrappings = {
  'aes-256-kw': { name: 'id-aes256-wrap', iv: Buffer.alloc(8, 0xa6), leastBytes: 24 },
  'aes-256-kwp': { name: 'id-aes256-wrap-pad', iv: Buffer.from('a65959a6', 'hex'), leastBytes: 16 },
} as const;
const maxMaterialBytes = 65_536;

/** Wraps key material with a wrapping key of 32 bytes. */
export function wrap(wrapping: Wrapping, wrappingKey: Uint8Array, material: Uint8Array): Buffer {
  checkKey(wrappingKey);
  const isWhole = wrapping === 'aes-256-kwp' || (material.length % 8 === 0 && material.length >= 16);
  if (!isWhole || material.length === 0 || material.length > maxMaterialBytes)
    throw new KeyError('key_malformed', 'material of a length that is not wrapped');
  const { name, iv } = wrappings[wrapping];
  const cipher = createCipheriv(name, wrappingKey, iv);
  return Buffer.concat([cipher.update(material), cipher.final()]);
}

/** The material that was wrapped; throws KeyError `ciphertext_refused`, whatever is wrong with it. */
export function unwrap(wrapping: Wrapping, wrappingKey: Uint8Array, wrapped: Uint8Array): Buffer {
  checkKey(wrappingKey);
  const { name, iv, leastBytes } = wrappings[wrapping];
  const isWhole = wrapped.length % 8 === 0 && wrapped.length >= leastBytes;
  try {
    if (isWhole && wrapped.length <= maxMaterialBytes + 16) {
      const decipher = createDecipheriv(name, wrappingKey, iv);
      return Buffer.concat([decipher.update(wrapped), decipher.final()]);
    }
  } catch {
    // Falls through to the one refusal.
  }
  throw new KeyError('ciphertext_refused', 'the material is not wrapped with this key');
}

function checkKey(wrappingKey: Uint8Array): void {
  if (wrappingKey.length !== 32) throw new KeyError('key_malformed', 'a wrapping key has 32 bytes');
}

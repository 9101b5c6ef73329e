import { createCipheriv, randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { type EvpCipher, evpCipher } from './evp.ts';

function byNode(name: string, key: Buffer, nonce: Buffer, aad: Buffer, text: Buffer): Buffer {
  const cipher = createCipheriv(name as 'aes-256-gcm', key, nonce, { authTagLength: 16 }).setAAD(aad);
  return Buffer.concat([cipher.update(text), cipher.final(), cipher.getAuthTag()]);
}

describe.each([
  ['AES-256-GCM', 'aes-256-gcm'],
  ['ChaCha20-Poly1305', 'chacha20-poly1305'],
] as const)('%s of OpenSSL', (name, nodeName) => {
  const cipher = evpCipher(name) as EvpCipher;
  const [key, nonce] = [randomBytes(32), randomBytes(12)];

  it.each([0, 1, 15, 16, 17, 1000, 100_000])('closes and opens %i bytes as node:crypto does', (length) => {
    for (const aad of [Buffer.alloc(0), randomBytes(length % 97)]) {
      const text = randomBytes(length);
      const sealed = cipher.encrypt(key, nonce, aad, text);
      expect(sealed.equals(byNode(nodeName, key, nonce, aad, text))).toBe(true);
      expect(cipher.decrypt(key, nonce, aad, sealed)?.equals(text)).toBe(true);
    }
  });

  it('opens nothing of which a bit was turned, and goes on after it', () => {
    const [aad, text] = [randomBytes(20), randomBytes(40)];
    const sealed = cipher.encrypt(key, nonce, aad, text);
    for (let bit = 0; bit < sealed.length * 8; bit++) {
      const damaged = Buffer.from(sealed);
      damaged.writeUInt8(damaged.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
      expect(cipher.decrypt(key, nonce, aad, damaged)).toBeUndefined();
    }
    expect(cipher.decrypt(key, nonce, randomBytes(20), sealed)).toBeUndefined();
    expect(cipher.decrypt(randomBytes(32), nonce, aad, sealed)).toBeUndefined();
    expect(cipher.decrypt(key, nonce, aad, sealed)?.equals(text)).toBe(true);
  });
});

import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { unwrapFromTransport, wrapForTransport } from './transport.ts';

const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const material = Buffer.alloc(32, 7);

describe('transport', () => {
  it('brings material to the holder of the private key', () => {
    const wrapped = wrapForTransport(publicKey, material);
    expect(wrapped).toHaveLength(256 + 40);
    expect(unwrapFromTransport(privateKey, wrapped)).toEqual(material);
  });

  it('refuses what was changed or cut anywhere alike', () => {
    const wrapped = wrapForTransport(publicKey, material);
    const refusals = [0, 100, 255, 256, 295].map((at) => {
      const changed = Buffer.from(wrapped);
      changed[at] = (changed[at] as number) ^ 1;
      return refusalOf(changed);
    });
    const cuts = [0, 10, 256, 280, 295].map((length) => refusalOf(wrapped.subarray(0, length)));
    expect(new Set([...refusals, ...cuts])).toEqual(
      new Set(['ciphertext_refused: the material is not wrapped with this key']),
    );
  });

  it('wraps to no small key', () => {
    const small = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey;
    expect(() => wrapForTransport(small, material)).toThrow(expect.objectContaining({ code: 'key_malformed' }));
  });
});

function refusalOf(wrapped: Buffer): string {
  try {
    unwrapFromTransport(privateKey, wrapped);
    return 'opened';
  } catch (error) {
    const { code, message } = error as { code: string; message: string };
    return `${code}: ${message}`;
  }
}

import { describe, expect, it } from '@jest/globals';
import { unwrap, type Wrapping, wrap } from './wrapping.ts';

const hex = (text: string) => Buffer.from(text, 'hex');
const key = hex('000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f');

describe('wrapping', () => {
  it('answers the vector of RFC 3394, 4.6', () => {
    const material = hex('00112233445566778899aabbccddeeff000102030405060708090a0b0c0d0e0f');
    const wrapped = hex('28c9f404c4b810f4cbccb35cfb87f8263f5786e2d80ed326cbc7f0e71a99f43bfb988b9b7a02dd21');
    expect(wrap('aes-256-kw', key, material)).toEqual(wrapped);
    expect(unwrap('aes-256-kw', key, wrapped)).toEqual(material);
  });

  it.each<[Wrapping, number]>([
    ['aes-256-kw', 32],
    ['aes-256-kwp', 21],
  ])('%s unwraps with no bit turned, and no other length', (wrapping, length) => {
    const wrapped = wrap(wrapping, key, Buffer.alloc(length, 5));
    expect(unwrap(wrapping, key, wrapped)).toEqual(Buffer.alloc(length, 5));
    const refused = expect.objectContaining({ code: 'ciphertext_refused' });
    for (let bit = 0; bit < wrapped.length * 8; bit++) {
      const damaged = Buffer.from(wrapped);
      damaged[bit >> 3]! ^= 1 << (bit & 7);
      expect(() => unwrap(wrapping, key, damaged)).toThrow(refused);
    }
    for (let end = 0; end < wrapped.length; end++)
      expect(() => unwrap(wrapping, key, wrapped.subarray(0, end))).toThrow(refused);
  });

  it('refuses material that Key Wrap cannot hold, and short wrapping keys', () => {
    const malformed = expect.objectContaining({ code: 'key_malformed' });
    expect(() => wrap('aes-256-kw', key, Buffer.alloc(8))).toThrow(malformed);
    expect(() => wrap('aes-256-kw', key, Buffer.alloc(21))).toThrow(malformed);
    expect(() => wrap('aes-256-kwp', key.subarray(16), Buffer.alloc(32))).toThrow(malformed);
  });
});

import { describe, expect, it } from '@jest/globals';
import { freshNonce } from './nonces.ts';

describe('freshNonce', () => {
  it('answers no bytes twice, whatever lengths are asked for', () => {
    const nonces = Array.from({ length: 20_000 }, (_, at) => Buffer.from(freshNonce(at % 2 === 0 ? 12 : 24)));
    const heads = nonces.map((nonce) => nonce.subarray(0, 12).toString('hex'));
    const tails = nonces.filter(({ length }) => length === 24).map((nonce) => nonce.subarray(12).toString('hex'));
    expect(new Set([...heads, ...tails]).size).toBe(30_000);
    expect(nonces.every(({ length }, at) => length === (at % 2 === 0 ? 12 : 24))).toBe(true);
  });
});

import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { hasStructuredPrimes } from './roca.ts';

describe('hasStructuredPrimes', () => {
  it('knows a modulus that is a power of 65537 modulo every small prime', () => {
    const product = [
      3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103,
    ]
      .concat([107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167])
      .reduce((sum, prime) => sum * BigInt(prime), 1n);
    const power = (exponent: number) => 65_537n ** BigInt(exponent) % product;
    expect(hasStructuredPrimes((product * 12_345n + power(321)) * (product * 6789n + power(77)))).toBe(true);
  });

  it('lets the moduli of OpenSSL pass', () => {
    const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const { n = '' } = publicKey.export({ format: 'jwk' });
    expect(hasStructuredPrimes(BigInt(`0x${Buffer.from(n, 'base64url').toString('hex')}`))).toBe(false);
  });
});

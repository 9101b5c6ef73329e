import type { KeyObject } from 'node:crypto';

/**
 * Whether the numbers of an RSA private key belong together (SP 800-56B revision 2, section 6.4.1.3). OpenSSL takes a key
 * whose primes are others' all the same, and signs without them: three times as slowly, and by a way that leaks more.
 */
export function areOfOneKey(key: KeyObject): boolean {
  const jwk = key.export({ format: 'jwk' });
  const number = (name: 'n' | 'e' | 'd' | 'p' | 'q' | 'dp' | 'dq' | 'qi') =>
    BigInt(`0x${Buffer.from(jwk[name] ?? '', 'base64url').toString('hex') || '0'}`);
  const [n, e, d, p, q] = [number('n'), number('e'), number('d'), number('p'), number('q')];
  if (p <= 1n || q <= 1n || p * q !== n || d >= n) return false;
  const [ofP, ofQ] = [p - 1n, q - 1n];
  const isInverse = (e * d) % ofP === 1n && (e * d) % ofQ === 1n;
  return isInverse && number('dp') === d % ofP && number('dq') === d % ofQ && (number('qi') * q) % p === 1n;
}

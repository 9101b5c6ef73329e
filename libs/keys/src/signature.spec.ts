import { describe, expect, it } from '@jest/globals';
import { generateMaterial, type PrivateType, privateKeyOf } from './material.ts';
import { publicKeyOf } from './public-key.ts';
import { isSignature, type SignatureAlgorithm, sign } from './signature.ts';

const cases: readonly [PrivateType, SignatureAlgorithm][] = [
  ['ecdsa-p256', 'ecdsa-sha256'],
  ['ecdsa-p384', 'ecdsa-sha384'],
  ['ecdsa-p521', 'ecdsa-sha512'],
  ['rsa-2048', 'rsa-pss-sha256'],
  ['rsa-2048', 'rsa-pss-sha512'],
  ['rsa-2048', 'rsa-pkcs1-sha384'],
  ['ed25519', 'ed25519'],
  ['ml-dsa-44', 'ml-dsa'],
  ['ml-dsa-87', 'ml-dsa'],
];
const message = Buffer.from('a message');

describe('a signature', () => {
  it.each(cases)('of %s with %s is that of its message and key only', async (type, algorithm) => {
    const material = await generateMaterial(type);
    const [key, publicKey] = [privateKeyOf(type, material), publicKeyOf(type, material)];
    const signature = sign(key, algorithm, message);
    expect(isSignature(publicKey, algorithm, message, signature)).toBe(true);
    expect(isSignature(publicKey, algorithm, Buffer.from('another'), signature)).toBe(false);
    expect(isSignature(publicKey, algorithm, message, signature.subarray(1))).toBe(false);
    expect(isSignature(publicKey, algorithm, message, Buffer.alloc(0))).toBe(false);
    const other = publicKeyOf(type, await generateMaterial(type));
    expect(isSignature(other, algorithm, message, signature)).toBe(false);
  });

  it('of ECDSA is written as DER or as r and s, and not taken for the other', async () => {
    const material = await generateMaterial('ecdsa-p256');
    const [key, publicKey] = [privateKeyOf('ecdsa-p256', material), publicKeyOf('ecdsa-p256', material)];
    const raw = sign(key, 'ecdsa-sha256', message, 'ieee-p1363');
    expect(raw).toHaveLength(64);
    expect(isSignature(publicKey, 'ecdsa-sha256', message, raw, 'ieee-p1363')).toBe(true);
    expect(isSignature(publicKey, 'ecdsa-sha256', message, raw)).toBe(false);
  });

  it('of RSA is as long as the modulus, also where it begins with a zero', async () => {
    const material = await generateMaterial('rsa-2048');
    const [key, publicKey] = [privateKeyOf('rsa-2048', material), publicKeyOf('rsa-2048', material)];
    // One in 256 does; the salt makes each another.
    let signature = sign(key, 'rsa-pss-sha256', message);
    while (signature[0] !== 0) signature = sign(key, 'rsa-pss-sha256', message);
    expect(isSignature(publicKey, 'rsa-pss-sha256', message, signature)).toBe(true);
    expect(isSignature(publicKey, 'rsa-pss-sha256', message, signature.subarray(1))).toBe(false);
  });

  it('is not made with the algorithm of another type of key', async () => {
    const key = privateKeyOf('ed25519', await generateMaterial('ed25519'));
    for (const [type, algorithm] of cases)
      if (type !== 'ed25519')
        expect(() => sign(key, algorithm, message)).toThrow(expect.objectContaining({ code: 'algorithm_unknown' }));
    expect(() => sign(key, 'none' as never, message)).toThrow(expect.objectContaining({ code: 'algorithm_unknown' }));
  });
});

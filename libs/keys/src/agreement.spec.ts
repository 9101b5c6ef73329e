import { createPrivateKey, createPublicKey } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { agree, decapsulate, encapsulate } from './agreement.ts';
import { generateMaterial, type PrivateType, privateKeyOf } from './material.ts';
import { publicKeyOf } from './public-key.ts';

const alicePublicHex = '8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a';
const bobHex = '5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb';

describe('an agreement', () => {
  it('answers the secret of RFC 7748 section 6.1', () => {
    const x = Buffer.from(alicePublicHex, 'hex').toString('base64url');
    const alice = createPublicKey({ key: { kty: 'OKP', crv: 'X25519', x }, format: 'jwk' });
    expect(agree(x25519(bobHex), alice).toString('hex')).toBe(
      '4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742',
    );
  });

  it('refuses keys of small order', async () => {
    const key = privateKeyOf('x25519', await generateMaterial('x25519'));
    const x = Buffer.alloc(32).toString('base64url');
    const zero = createPublicKey({ key: { kty: 'OKP', crv: 'X25519', x }, format: 'jwk' });
    expect(() => agree(key, zero)).toThrow(expect.objectContaining({ code: 'key_malformed' }));
  });
});

describe('an encapsulation', () => {
  it.each<PrivateType>(['ml-kem-768', 'ml-kem-1024'])('with %s gives both sides one secret', async (type) => {
    const material = await generateMaterial(type);
    const { sharedSecret, ciphertext } = encapsulate(publicKeyOf(type, material));
    const key = privateKeyOf(type, material);
    expect(decapsulate(key, ciphertext)).toEqual(sharedSecret);
    const changed = Buffer.from(ciphertext);
    changed[0] = (changed[0] as number) ^ 1;
    expect(decapsulate(key, changed)).not.toEqual(sharedSecret);
    expect(() => decapsulate(key, ciphertext.subarray(1))).toThrow(
      expect.objectContaining({ code: 'ciphertext_refused' }),
    );
  });

  it('needs a key of ML-KEM', async () => {
    const key = publicKeyOf('x25519', await generateMaterial('x25519'));
    expect(() => encapsulate(key)).toThrow(expect.objectContaining({ code: 'key_malformed' }));
  });
});

function x25519(hex: string) {
  return createPrivateKey({
    key: Buffer.concat([Buffer.from('302e020100300506032b656e04220420', 'hex'), Buffer.from(hex, 'hex')]),
    format: 'der',
    type: 'pkcs8',
  });
}

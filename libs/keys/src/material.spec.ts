import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { generateMaterial, importedMaterial, type MaterialType, type PrivateType } from './material.ts';
import { jwkOf, pemOf, publicKeyIn, publicKeyOf } from './public-key.ts';

const symmetric: readonly MaterialType[] = ['symmetric-256', 'hmac'];
const privates: readonly PrivateType[] = [
  'rsa-2048',
  'ecdsa-p256',
  'ecdsa-p384',
  'ecdsa-p521',
  'ed25519',
  'x25519',
  'ml-kem-768',
  'ml-kem-1024',
  'ml-dsa-44',
  'ml-dsa-65',
  'ml-dsa-87',
];

describe('material', () => {
  it.each([...symmetric, ...privates])('of %s is made anew each time and comes back from an import', async (type) => {
    const material = await generateMaterial(type);
    expect(importedMaterial(type, material)).toEqual(material);
    expect(await generateMaterial(type)).not.toEqual(material);
  });

  it.each(privates)('of %s has a public key that goes out as PEM and JWK', async (type) => {
    const key = publicKeyOf(type, await generateMaterial(type));
    expect(publicKeyIn(pemOf(key)).equals(key)).toBe(true);
    const jwk = JSON.parse(jwkOf(key, 'id.1'));
    expect(jwk).toMatchObject({ kid: 'id.1', kty: expect.stringMatching(/^(RSA|EC|OKP|AKP)$/) });
    for (const secret of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k', 'priv']) expect(jwk).not.toHaveProperty(secret);
  });

  it('of one type is not taken for another', async () => {
    const material = await generateMaterial('ecdsa-p256');
    for (const type of privates.filter((each) => each !== 'ecdsa-p256'))
      expect(() => importedMaterial(type, material)).toThrow(expect.objectContaining({ code: 'key_malformed' }));
  });

  it.each<[string, MaterialType, Buffer]>([
    ['a short symmetric key', 'symmetric-256', Buffer.alloc(31)],
    ['a long symmetric key', 'symmetric-256', Buffer.alloc(33)],
    ['a short HMAC key', 'hmac', Buffer.alloc(31)],
    ['a long HMAC key', 'hmac', Buffer.alloc(129)],
    ['nothing', 'ed25519', Buffer.alloc(0)],
    ['bytes that are no DER', 'rsa-2048', Buffer.alloc(1000, 0x30)],
    ['too much', 'rsa-2048', Buffer.alloc(1_000_000, 0x30)],
    ['an RSA key of 1024 bits', 'rsa-2048', pkcs8('rsa', { modulusLength: 1024 })],
    ['an RSA key with the exponent 3', 'rsa-2048', pkcs8('rsa', { modulusLength: 2048, publicExponent: 3 })],
    ['an RSA key with the primes of another', 'rsa-2048', withForeignPrimes()],
    ['a key of another curve', 'ecdsa-p256', pkcs8('ec', { namedCurve: 'secp256k1' })],
    ['a public key of another key', 'ecdsa-p256', withForeignPublicKey()],
  ])('is refused: %s', (_, type, bytes) => {
    expect(() => importedMaterial(type, bytes)).toThrow(expect.objectContaining({ code: 'key_malformed' }));
  });

  it('is not taken out of a PEM of something else than a public key', async () => {
    const material = await generateMaterial('ed25519');
    const pem = createPrivateKey({ key: material, format: 'der', type: 'pkcs8' }).export({
      format: 'pem',
      type: 'pkcs8',
    });
    for (const text of [
      pem as string,
      '',
      'x'.repeat(20_000),
      '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n',
    ])
      expect(() => publicKeyIn(text)).toThrow(expect.objectContaining({ code: 'key_malformed' }));
  });
});

function pkcs8(type: 'rsa' | 'ec', options: object): Buffer {
  const { privateKey } = (
    generateKeyPairSync as unknown as (type: string, options: object) => ReturnType<typeof generateKeyPairSync>
  )(type, options);
  return privateKey.export({ format: 'der', type: 'pkcs8' }) as unknown as Buffer;
}

/** An RSA key that OpenSSL takes, and signs with: it goes without the primes when they do not fit. */
function withForeignPrimes(): Buffer {
  const [own, other] = [1, 2].map(() => generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey);
  const { p, q, dp, dq, qi } = (other as KeyObject).export({ format: 'jwk' });
  const jwk = { ...(own as KeyObject).export({ format: 'jwk' }), p, q, dp, dq, qi };
  return createPrivateKey({ key: jwk, format: 'jwk' }).export({ format: 'der', type: 'pkcs8' });
}

/** PKCS #8 of a private key with the public key (RFC 5915) of another beside it. */
function withForeignPublicKey(): Buffer {
  const own = pkcs8('ec', { namedCurve: 'prime256v1' });
  const other = pkcs8('ec', { namedCurve: 'prime256v1' });
  // The point is the last 65 bytes of OpenSSL's form.
  return Buffer.concat([own.subarray(0, own.length - 65), other.subarray(other.length - 65)]);
}

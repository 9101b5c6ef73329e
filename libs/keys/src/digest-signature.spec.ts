import { constants, createHash, privateEncrypt } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { isDigestSignature, signDigest } from './digest-signature.ts';
import { pssEncoded } from './internal/rsa-padding.ts';
import type { Digest } from './mac.ts';
import { generateMaterial, type PrivateType, privateKeyOf } from './material.ts';
import { publicKeyOf } from './public-key.ts';
import { type EcdsaEncoding, isSignature, type SignatureAlgorithm, sign } from './signature.ts';

const message = Buffer.from('a message');
const digests: readonly Digest[] = ['sha256', 'sha384', 'sha512'];
const ecdsaTypes: readonly PrivateType[] = ['ecdsa-p256', 'ecdsa-p384', 'ecdsa-p521'];
const rsaTypes: readonly PrivateType[] = ['rsa-2048', 'rsa-3072'];
type Case = readonly [PrivateType, SignatureAlgorithm, Digest, EcdsaEncoding];
const cases: readonly Case[] = digests.flatMap((digest): Case[] => [
  ...ecdsaTypes.map((type): Case => [type, `ecdsa-${digest}`, digest, 'der']),
  ...ecdsaTypes.map((type): Case => [type, `ecdsa-${digest}`, digest, 'ieee-p1363']),
  ...rsaTypes.map((type): Case => [type, `rsa-pss-${digest}`, digest, 'der']),
  ...rsaTypes.map((type): Case => [type, `rsa-pkcs1-${digest}`, digest, 'der']),
]);
const hashOf = (digest: Digest, bytes: Uint8Array) => createHash(digest).update(bytes).digest();

async function keysOf(type: PrivateType) {
  const material = await generateMaterial(type);
  return { key: privateKeyOf(type, material), publicKey: publicKeyOf(type, material) };
}

describe('a signature of a digest', () => {
  it.each(cases)(
    'of %s with %s is that of the message, to OpenSSL and from it',
    async (type, algorithm, digest, encoding) => {
      const { key, publicKey } = await keysOf(type);
      const hashed = hashOf(digest, message);
      for (let round = 0; round < 8; round++) {
        const ours = signDigest(key, algorithm, hashed, encoding);
        expect(isSignature(publicKey, algorithm, message, ours, encoding)).toBe(true);
        expect(isDigestSignature(publicKey, algorithm, hashed, ours, encoding)).toBe(true);
        const theirs = sign(key, algorithm, message, encoding);
        expect(isDigestSignature(publicKey, algorithm, hashed, theirs, encoding)).toBe(true);
      }
    },
  );

  it.each(cases)('of %s with %s is of no other digest, key or bytes', async (type, algorithm, digest, encoding) => {
    const [{ key, publicKey }, other] = await Promise.all([keysOf(type), keysOf(type)]);
    const hashed = hashOf(digest, message);
    const signature = signDigest(key, algorithm, hashed, encoding);
    const isTaken = (changed: Uint8Array) => isDigestSignature(publicKey, algorithm, hashed, changed, encoding);
    expect(isDigestSignature(publicKey, algorithm, hashOf(digest, signature), signature, encoding)).toBe(false);
    expect(isDigestSignature(other.publicKey, algorithm, hashed, signature, encoding)).toBe(false);
    for (const at of [0, 1, signature.length >> 1, signature.length - 1]) {
      const changed = Buffer.from(signature);
      changed[at]! ^= 1;
      expect(isTaken(changed)).toBe(false);
    }
    expect(isTaken(signature.subarray(1))).toBe(false);
    expect(isTaken(Buffer.concat([Buffer.alloc(1), signature]))).toBe(false);
    expect(isTaken(Buffer.concat([signature, Buffer.alloc(1)]))).toBe(false);
    expect(isTaken(Buffer.alloc(0))).toBe(false);
    expect(isTaken(Buffer.alloc(signature.length))).toBe(false);
    expect(isTaken(Buffer.alloc(signature.length, 0xff))).toBe(false);
  });

  it('is refused unless the digest is as long as its hash', async () => {
    const refused = expect.objectContaining({ code: 'digest_length_wrong' });
    for (const [type, algorithm, digest] of [cases[0], cases.at(-1)] as Case[]) {
      const { key, publicKey } = await keysOf(type);
      const hashed = hashOf(digest, message);
      for (const wrong of [hashed.subarray(1), Buffer.concat([hashed, Buffer.alloc(1)]), Buffer.alloc(0)]) {
        expect(() => signDigest(key, algorithm, wrong)).toThrow(refused);
        expect(() => isDigestSignature(publicKey, algorithm, wrong, hashed)).toThrow(refused);
      }
    }
  });

  it.each<[PrivateType, SignatureAlgorithm]>([
    ['ed25519', 'ed25519'],
    ['ml-dsa-44', 'ml-dsa'],
  ])('is not made by %s, which signs whole messages', async (type, algorithm) => {
    const { key, publicKey } = await keysOf(type);
    const refused = expect.objectContaining({ code: 'digest_not_signable' });
    expect(() => signDigest(key, algorithm, Buffer.alloc(64))).toThrow(refused);
    expect(() => isDigestSignature(publicKey, algorithm, Buffer.alloc(64), Buffer.alloc(64))).toThrow(refused);
  });

  it('is not made with the algorithm of another type of key', async () => {
    const { key } = await keysOf('ecdsa-p256');
    expect(() => signDigest(key, 'rsa-pss-sha256', Buffer.alloc(32))).toThrow(
      expect.objectContaining({ code: 'algorithm_unknown' }),
    );
  });

  it('of RSA-PSS has its salt as long as the digest, and takes no other', async () => {
    const { key, publicKey } = await keysOf('rsa-2048');
    const hashed = hashOf('sha256', message);
    const withSalt = (bytes: number) =>
      privateEncrypt(
        { key, padding: constants.RSA_NO_PADDING },
        pssEncoded('sha256', hashed, 2048, Buffer.alloc(bytes, 7)),
      );
    expect(isDigestSignature(publicKey, 'rsa-pss-sha256', hashed, withSalt(32))).toBe(true);
    for (const bytes of [0, 20, 31, 33, 64])
      expect(isDigestSignature(publicKey, 'rsa-pss-sha256', hashed, withSalt(bytes))).toBe(false);
  });
});

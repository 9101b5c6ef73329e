import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { claimedKeyId, signedJws, verifiedJws } from './jws.ts';
import { type SignatureAlgorithm, sign } from './signature.ts';

const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const signer = { key: p256.privateKey, algorithm: 'ecdsa-sha256' } as const;
const verifier = { key: p256.publicKey, algorithm: 'ecdsa-sha256' } as const;

describe('a JWS', () => {
  it.each([
    ['ES256', 'ecdsa-sha256', p256],
    ['ES384', 'ecdsa-sha384', generateKeyPairSync('ec', { namedCurve: 'P-384' })],
    ['ES512', 'ecdsa-sha512', generateKeyPairSync('ec', { namedCurve: 'P-521' })],
    ['PS256', 'rsa-pss-sha256', generateKeyPairSync('rsa', { modulusLength: 2048 })],
    ['RS512', 'rsa-pkcs1-sha512', generateKeyPairSync('rsa', { modulusLength: 2048 })],
    ['EdDSA', 'ed25519', generateKeyPairSync('ed25519')],
  ] as const)('of %s is verified by its own key', (alg, algorithm: SignatureAlgorithm, { privateKey, publicKey }) => {
    const payload = Buffer.from('{"sub":"a"}');
    const jws = signedJws({ key: privateKey, algorithm }, { kid: 'k.1', typ: 'JWT' }, payload);
    expect(jws).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/);
    expect(claimedKeyId(jws)).toBe('k.1');
    expect(verifiedJws({ key: publicKey, algorithm }, jws)).toEqual({
      header: { alg, kid: 'k.1', typ: 'JWT' },
      payload,
    });
  });

  it('is that of RFC 7515 appendix A.3', () => {
    const key = createPublicKey({
      format: 'jwk',
      key: {
        kty: 'EC',
        crv: 'P-256',
        x: 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU',
        y: 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0',
      },
    });
    const jws =
      'eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.' +
      'DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q';
    expect(JSON.parse(`${verifiedJws({ key, algorithm: 'ecdsa-sha256' }, jws)?.payload}`)).toMatchObject({
      iss: 'joe',
    });
  });

  it.each([
    ['another algorithm', (header: object) => ({ ...header, alg: 'ES384' })],
    ['no algorithm', (header: object) => ({ ...header, alg: 'none' })],
    ['an extension that has to be understood', (header: object) => ({ ...header, crit: ['exp'], exp: 1 })],
    ['a payload that is not encoded', (header: object) => ({ ...header, b64: false })],
    ['no object', () => ['ES256']],
  ])('with a header of %s is none, whoever signed it', (_, changed) => {
    const header = Buffer.from(JSON.stringify(changed({ alg: 'ES256' }))).toString('base64url');
    expect(verifiedJws(verifier, resigned(`${header}.e30`))).toBeUndefined();
    const own = Buffer.from(JSON.stringify({ alg: 'ES256' })).toString('base64url');
    expect(verifiedJws(verifier, resigned(`${own}.e30`))).toBeDefined();
  });

  it.each([
    ['twice the same name', '{"alg":"none","alg":"ES256"}'],
    ['the same name in other writing', '{"kid":"a","alg":"ES256","\\u006bid":"b"}'],
    ['a mark of the byte order', '\ufeff{"alg":"ES256"}'],
    ['more than 8 KiB', JSON.stringify({ alg: 'ES256', x: 'x'.repeat(9000) })],
    ['too many brackets', `{"alg":"ES256","x":${'['.repeat(4000)}${']'.repeat(4001)}}`],
  ])('with a header of %s is none, and claims no key', (_, json) => {
    const header = Buffer.from(json).toString('base64url');
    expect(verifiedJws(verifier, resigned(`${header}.e30`))).toBeUndefined();
    expect(claimedKeyId(`${header}.e30.`)).toBeUndefined();
    const nested = Buffer.from('{"alg":"ES256","x":{"alg":"a","y":["alg",{"alg":1}]},"z":"alg"}').toString('base64url');
    expect(verifiedJws(verifier, resigned(`${nested}.e30`))).toBeDefined();
  });

  it('is in one form: padding, blanks, spare bits and other parts make it none', () => {
    const jws = signedJws(signer, { kid: 'k' }, Buffer.from('x'));
    const [header, payload, signature] = jws.split('.') as [string, string, string];
    for (const other of [
      `${jws}.`,
      `${header}.${payload}`,
      `${header}.${payload}.`,
      `${header}.${payload}=.${signature}`,
      `${header}.${payload}.${signature}=`,
      `${header} .${payload}.${signature}`,
      `${header}.eB.${signature}`,
      ` ${jws}`,
      '',
    ])
      expect(verifiedJws(verifier, other)).toBeUndefined();
    expect(verifiedJws(verifier, jws)).toBeDefined();
  });

  it('is not made or verified with an algorithm that JOSE does not have for the key', () => {
    const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' });
    const mixed = { key: p384.privateKey, algorithm: 'ecdsa-sha256' } as const;
    expect(() => signedJws(mixed, { kid: 'k' }, Buffer.alloc(1))).toThrow('JOSE');
    expect(() => verifiedJws({ key: p384.publicKey, algorithm: 'ecdsa-sha256' }, 'a.b.c')).toThrow('JOSE');
  });
});

/** Signs this input as it is. */
function resigned(input: string): string {
  const [header, payload] = input.split('.') as [string, string];
  return `${header}.${payload}.${signatureOf(Buffer.from(input))}`;
}

function signatureOf(input: Buffer): string {
  return sign(p256.privateKey, 'ecdsa-sha256', input, 'ieee-p1363').toString('base64url');
}

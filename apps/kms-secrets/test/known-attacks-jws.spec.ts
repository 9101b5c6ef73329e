import { createHmac, generateKeyPairSync, sign } from 'node:crypto';
import { KeyService, KeyType } from '@gabion/contracts/gabion/kms/v1/keys_pb';
import { CryptoService } from '@gabion/contracts/gabion/kms/v1/operations_pb';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { faultOf, platform, root } from './platform.ts';

const as = { caller: root };
const payload = Buffer.from('{"sub":"app"}');
const base64url = (value: string | object | Buffer) =>
  Buffer.from(typeof value === 'string' || Buffer.isBuffer(value) ? value : JSON.stringify(value)).toString(
    'base64url',
  );

describe('what broke other readers of JWS does not break this one', () => {
  let site: Awaited<ReturnType<typeof platform>>;
  let pem: string;
  let jwk: { readonly kid: string };
  let jws: string;
  const crypto = () => site.gateway.client(CryptoService);
  const isValid = async (text: string) => (await crypto().verifyJws({ key: 'jws', jws: text }, as)).isValid;

  beforeAll(async () => {
    site = await platform();
    const keys = site.gateway.client(KeyService);
    await keys.createKey({ name: 'jws', type: KeyType.ECDSA_P256 }, as);
    const found = await keys.getPublicKey({ key: 'jws' }, as);
    [pem, jwk] = [found.pem, JSON.parse(found.jwk)];
    jws = (await crypto().signJws({ key: 'jws', payload }, as)).jws;
  });
  afterAll(() => site[Symbol.asyncDispose]());

  it('takes the one that it made', async () => {
    expect(await isValid(jws)).toBe(true);
  });

  it.each(['HS256', 'HS384', 'HS512'])('%s with the public key for a secret is none', async (alg) => {
    const spellings = [pem, pem.trim(), JSON.stringify(jwk), pem.replace(/-----.*-----|\n/g, '')];
    for (const secret of [...spellings, Buffer.from(spellings[3] as string, 'base64'), Buffer.alloc(0)]) {
      const input = `${base64url({ alg, kid: jwk.kid })}.${base64url(payload)}`;
      const mac = createHmac(alg.replace('HS', 'sha'), secret).update(input).digest();
      expect(await isValid(`${input}.${base64url(mac)}`)).toBe(false);
    }
  });

  it('a key that comes in the header, or is pointed to, is not asked', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const own = { ...publicKey.export({ format: 'jwk' }), kid: jwk.kid };
    const headers = [
      { alg: 'ES256', kid: jwk.kid, jwk: own },
      { alg: 'ES256', jwk: own },
      { alg: 'ES256', kid: jwk.kid, jku: 'http://127.0.0.1:1/keys' },
      { alg: 'ES256', kid: jwk.kid, x5u: 'file:///etc/passwd' },
      { alg: 'ES256', kid: jwk.kid, x5c: [base64url(publicKey.export({ format: 'der', type: 'spki' }))] },
      { alg: 'ES256', kid: '../../jws.1' },
      { alg: 'ES256', kid: `${jwk.kid}' or '1'='1` },
      { alg: 'ES256', kid: [jwk.kid] },
    ];
    for (const header of headers) {
      const input = `${base64url(header)}.${base64url(payload)}`;
      const signature = sign('sha256', Buffer.from(input), { key: privateKey, dsaEncoding: 'ieee-p1363' });
      expect(await isValid(`${input}.${base64url(signature)}`)).toBe(false);
    }
  });

  it.each([
    ['no algorithm', { alg: 'none' }],
    ['no algorithm in other letters', { alg: 'nOnE' }],
    ['no algorithm told', {}],
    ['an algorithm that is no text', { alg: ['ES256'] }],
    ['another algorithm', { alg: 'ES384' }],
    ['an extension', { alg: 'ES256', crit: ['exp'] }],
    ['no extension in a list of them', { alg: 'ES256', crit: [] }],
    ['an unencoded payload', { alg: 'ES256', b64: false, crit: ['b64'] }],
    ['an unencoded payload that is not told to be critical', { alg: 'ES256', b64: false }],
    ['a compressed payload', { alg: 'ES256', zip: 'DEF' }],
    ['a name twice', '{"alg":"ES256","alg":"none"}'],
    ['a null in it', '{"alg":"ES256\\u0000"}'],
    ['no JSON', 'ES256'],
    ['nothing', ''],
  ])('a header with %s makes it none, with the old signature and with an empty one', async (_, header) => {
    const [, body, signature] = jws.split('.');
    expect(await isValid(`${base64url(header)}.${body}.${signature}`)).toBe(false);
    expect(await isValid(`${base64url(header)}.${body}.`)).toBe(false);
  });

  // Lists of tokens that were withdrawn go by the text: a second text of the same token is not on them.
  it('has no other writing: padding, spare bits, blanks, base64 of the other alphabet, DER, zeros', async () => {
    const [header, body, signature] = jws.split('.') as [string, string, string];
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    const spare = (text: string) => {
      const last = alphabet.indexOf(text.at(-1) as string);
      return [1, 2, 3].map((bits) => `${text.slice(0, -1)}${alphabet[last ^ bits]}`);
    };
    const texts = [
      `${jws}=`,
      `${jws}==`,
      `${header}=.${body}.${signature}`,
      ` ${jws}`,
      `${jws}\n`,
      `${header}.${body}.\t${signature}`,
      `${header}..${signature}`,
      `.${body}.${signature}`,
      `${header}.${body}`,
      `${jws}.${signature}`,
      JSON.stringify({ protected: header, payload: body, signature }),
      ...spare(signature).map((each) => `${header}.${body}.${each}`),
      ...spare(body).map((each) => `${header}.${each}.${signature}`),
      `${header}.${body}.${base64url(Buffer.alloc(64))}`,
      `${header}.${body}.${base64url(Buffer.concat([Buffer.alloc(1), Buffer.from(signature, 'base64url')]))}`,
    ];
    for (const text of texts) expect([text, await isValid(text)]).toEqual([text, false]);
    const standard = jws.replaceAll('-', '+').replaceAll('_', '/');
    if (standard !== jws) expect(await isValid(standard)).toBe(false);
  });

  it('CVE-2024-28180, CVE-2026-34986, GO-2023-2334: a JWE is not opened, whatever it asks for', async () => {
    const headers = [
      { alg: 'PBES2-HS512+A256KW', enc: 'A256GCM', p2c: 2_000_000_000, p2s: 'AAAA' },
      { alg: 'dir', enc: 'A256GCM', zip: 'DEF' },
      { alg: 'RSA1_5', enc: 'A128CBC-HS256' },
      { alg: 'ECDH-ES', enc: 'A256GCM', epk: { kty: 'EC', crv: 'P-256', x: '', y: '' } },
      { alg: 'A128KW', enc: 'A128GCM', kid: jwk.kid },
    ];
    const before = performance.now();
    for (const header of headers) {
      const jwe = [base64url(header), '', base64url('iv'), base64url('text'), base64url('tag')];
      expect(await isValid(jwe.join('.'))).toBe(false);
      expect(await isValid(jwe.slice(0, 3).join('.'))).toBe(false);
    }
    expect(performance.now() - before).toBeLessThan(10_000);
  });

  it('is refused at once when it is huge', async () => {
    const [header, body, signature] = jws.split('.') as [string, string, string];
    const huge = 2 * 1024 * 1024;
    const texts = [
      '.'.repeat(huge),
      `${'A'.repeat(huge - 200)}.${body}.${signature}`,
      `${base64url(`{"alg":"ES256","x":${'['.repeat(4000)}${']'.repeat(4000)}}`)}.${body}.${signature}`,
      `${header}.${'A'.repeat(huge - 400)}.${signature}`,
      `${header}.${body}.${'A'.repeat(huge - 400)}`,
    ];
    const before = performance.now();
    for (const text of texts) expect(await isValid(text)).toBe(false);
    expect(performance.now() - before).toBeLessThan(10_000);
    const larger = crypto().verifyJws({ key: 'jws', jws: 'A'.repeat(huge + 1) }, as);
    expect((await faultOf(larger)).code).toBe('field_invalid');
  });
});

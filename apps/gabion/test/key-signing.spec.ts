import { createHash, createPublicKey, generateKeyPairSync, type KeyObject, sign, verify } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { CommandLine } from './command-line.ts';

let gabion: CommandLine;
let message: string;

const run = (...args: string[]) => gabion.run(['keys', ...args]);
const given = (input: string, ...args: string[]) => gabion.run(['keys', ...args], {}, input);

beforeAll(async () => {
  gabion = await CommandLine.open();
  await gabion.up('--services', 'identity,kms-secrets,gateway');
  message = join(gabion.dataDir, 'message');
  await writeFile(message, 'the message');
});

afterAll(() => gabion[Symbol.asyncDispose]());

describe('signatures of keys', () => {
  it('are what openssl verifies, of a message and of its digest', async () => {
    const key = await made('web', 'ecdsa-p256');
    const { out: ofMessage } = await run('sign', 'web', '--file', message);
    expect(verify('sha256', Buffer.from('the message'), key, Buffer.from(ofMessage, 'base64'))).toBe(true);
    const digest = createHash('sha256').update('the message').digest('hex');
    const { out: ofDigest } = await given(`${digest}  message\n`, 'sign', 'web', '--digest', 'sha256');
    expect(verify('sha256', Buffer.from('the message'), key, Buffer.from(ofDigest, 'base64'))).toBe(true);
    const { out: fixed } = await run('sign', 'web', '--file', message, '--encoding', 'ieee-p1363');
    const p1363 = { key, dsaEncoding: 'ieee-p1363' } as const;
    expect(verify('sha256', Buffer.from('the message'), p1363, Buffer.from(fixed, 'base64'))).toBe(true);
  });

  it('have the algorithm asked for', async () => {
    const key = await made('old', 'rsa-2048');
    const { out } = await given('x', 'sign', 'old', '--algorithm', 'rsa-pkcs1-sha384', '--json');
    const { signature } = JSON.parse(out) as { signature: string };
    expect(verify('sha384', Buffer.from('x'), key, Buffer.from(signature, 'base64'))).toBe(true);
  });

  it('are verified from a file or as text, of the version that made them', async () => {
    await made('release', 'ed25519');
    const file = join(gabion.dataDir, 'release.sig');
    const { out: signature } = await run('sign', 'release', '--file', message);
    await writeFile(file, signature);
    expect(await run('verify', 'release', '--signature', file, '--file', message)).toMatchObject({
      code: 0,
      out: 'valid\n',
    });
    await writeFile(file, Buffer.from(signature, 'base64'));
    expect(await run('verify', 'release', '--signature', file, '--file', message)).toMatchObject({ code: 0 });
    expect(await given('another', 'verify', 'release', '--signature', signature.trim(), '--json')).toMatchObject({
      code: 1,
      out: expect.stringContaining('"isValid": false'),
    });
    await run('rotate', 'release');
    const verifying = ['verify', 'release', '--signature', file, '--file', message];
    expect(await run(...verifying)).toMatchObject({ code: 1, out: 'not valid\n' });
    expect(await run(...verifying, '--at', '1')).toMatchObject({ code: 0 });
  });

  it('are not asked for when the input is wrong', async () => {
    const refused = async (told: string, input: string, ...args: string[]) =>
      expect(await given(input, ...args)).toMatchObject({ code: 2, out: '', err: expect.stringContaining(told) });
    await refused('no digest of sha256', 'short', 'sign', 'nobody', '--digest', 'sha256');
    await refused('no digest of sha256', `${'a'.repeat(65)}\n`, 'sign', 'nobody', '--digest', 'sha256');
    await refused('does not sign a digest', '', 'sign', 'nobody', '--digest', 'sha256', '--algorithm', 'ecdsa-sha384');
    await refused('--digest sha256', 'x'.repeat(1_048_577), 'sign', 'nobody');
    await refused('neither a file nor base64', '', 'verify', 'nobody', '--signature', '?');
    await refused('must be 1 to', '', 'sign', 'nobody', '--at', '0');
    await refused('[key_unknown]', '', 'sign', 'nobody');
  });
});

describe('MACs of keys', () => {
  it('are verified, and are of their message', async () => {
    await run('create', 'hooks', '--type', 'hmac');
    const { out } = await given('body', 'mac', 'hooks', '--algorithm', 'hmac-sha512');
    expect(Buffer.from(out, 'base64')).toHaveLength(64);
    const verifying = ['verify-mac', 'hooks', '--mac', out.trim(), '--algorithm', 'hmac-sha512'];
    expect(await given('body', ...verifying)).toMatchObject({ code: 0, out: 'valid\n' });
    expect(await given('other', ...verifying)).toMatchObject({ code: 1, out: 'not valid\n' });
  });
});

describe('JWTs of keys', () => {
  it('are verified with the public key of the key', async () => {
    const key = await made('tokens', 'ecdsa-p256');
    const claims = '{ "sub": "ci", "n": 12345678901234567890 }';
    const { out } = await given(`${claims}\n`, 'jwt', 'sign', 'tokens');
    expect(readJws(out.trim(), key)).toMatchObject({ header: { alg: 'ES256', typ: 'JWT' }, payload: claims });
    expect(await given(out, 'jwt', 'verify', 'tokens')).toMatchObject({ code: 0, out: `${claims}\n` });
  });

  it('are not valid when signed by others, expired, or meant for others', async () => {
    await made('issuer', 'ed25519');
    const { privateKey } = generateKeyPairSync('ed25519');
    const forged = await given(jws(privateKey, { sub: 'ci' }), 'jwt', 'verify', 'issuer');
    expect(forged).toMatchObject({ code: 1, out: '', err: 'not valid: it is not signed by the key\n' });
    const { out: expired } = await given('{"exp":1}', 'jwt', 'sign', 'issuer');
    expect((await given(expired, 'jwt', 'verify', 'issuer')).err).toContain('expired at 1970-01-01');
    const { out: meant } = await given('{"aud":["deploy"]}', 'jwt', 'sign', 'issuer');
    expect(await given(meant, 'jwt', 'verify', 'issuer')).toMatchObject({ code: 1, out: '' });
    expect(await given(meant, 'jwt', 'verify', 'issuer', '--audience', 'deploy')).toMatchObject({ code: 0 });
    const other = await given(meant, 'jwt', 'verify', 'issuer', '--audience', 'other', '--json');
    expect(other.code).toBe(1);
    expect(JSON.parse(other.out)).toMatchObject({ isValid: false, because: ['it is meant for deploy, not for other'] });
  });

  it('are made of claims only', async () => {
    expect((await given('["a"]', 'jwt', 'sign', 'nobody')).err).toContain('a JSON object');
    expect((await given('{"exp":"soon"}', 'jwt', 'sign', 'nobody')).err).toContain('exp is no number of seconds');
    expect((await given('a.b', 'jwt', 'verify', 'nobody')).err).toContain('holds no JWT');
  });
});

async function made(name: string, type: string): Promise<KeyObject> {
  await run('create', name, '--type', type);
  return createPublicKey((await run('public', name)).out);
}

/** A JWS of ES256 (RFC 7518 section 3.4) whose signature is right. */
function readJws(text: string, key: KeyObject): { header: unknown; payload: string } {
  const [header = '', payload = '', signature = ''] = text.split('.');
  const input = Buffer.from(`${header}.${payload}`);
  const isValid = verify('sha256', input, { key, dsaEncoding: 'ieee-p1363' }, Buffer.from(signature, 'base64url'));
  if (!isValid) throw new Error('the signature is not valid');
  return {
    header: JSON.parse(Buffer.from(header, 'base64url').toString()),
    payload: Buffer.from(payload, 'base64url').toString(),
  };
}

function jws(key: KeyObject, claims: unknown): string {
  const [header, payload] = [{ alg: 'EdDSA' }, claims].map((each) =>
    Buffer.from(JSON.stringify(each)).toString('base64url'),
  );
  const input = `${header}.${payload}`;
  return `${input}.${sign(null, Buffer.from(input), key).toString('base64url')}`;
}

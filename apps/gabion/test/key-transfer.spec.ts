import { createPublicKey, generateKeyPairSync, randomBytes } from 'node:crypto';
import { access, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { unwrapFromTransport, wrapForTransport } from '@gabion/keys/transport';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { CommandLine } from './command-line.ts';

let gabion: CommandLine;

const run = (...args: string[]) => gabion.run(['keys', ...args]);
const given = (input: string, ...args: string[]) => gabion.run(['keys', ...args], {}, input);
const at = (name: string) => join(gabion.dataDir, name);

beforeAll(async () => {
  gabion = await CommandLine.open();
  await gabion.up('--services', 'identity,kms-secrets,gateway');
});

afterAll(() => gabion[Symbol.asyncDispose]());

describe('keys from elsewhere', () => {
  it('have the public key of the PKCS #8 that was given, in PEM or DER', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const pem = publicKey.export({ format: 'pem', type: 'spki' });
    await writeFile(at('web.pem'), privateKey.export({ format: 'pem', type: 'pkcs8' }));
    await writeFile(at('web.der'), privateKey.export({ format: 'der', type: 'pkcs8' }));
    expect(await run('import', 'web', '--type', 'ecdsa-p256', '--material', at('web.pem'))).toMatchObject({ code: 0 });
    expect((await run('public', 'web')).out).toBe(pem);
    const { out } = await run('import', 'web', '--type', 'ecdsa-p256', '--material', at('web.der'), '--json');
    expect(JSON.parse(out)).toMatchObject({
      primaryVersion: 2,
      versions: [{ isImported: true }, { isImported: true }],
    });
    expect((await run('public', 'web')).out).toBe(pem);
  });

  it('are wrapped to the key that the service names, also elsewhere', async () => {
    const { out } = await run('wrapping-key', '--json');
    const { id, publicKeyPem } = JSON.parse(out) as { id: string; publicKeyPem: string };
    const printed = await run('wrapping-key');
    expect(printed).toMatchObject({ code: 0, out: publicKeyPem, err: expect.stringContaining(id) });
    const material = randomBytes(32);
    await writeFile(at('app.wrapped'), wrapForTransport(createPublicKey(publicKeyPem), material));
    const wrapped = ['--wrapped', at('app.wrapped'), '--wrapping-key', id];
    expect(await run('import', 'app', '--type', 'hmac', '--exportable', ...wrapped)).toMatchObject({ code: 0 });
    expect((await run('export', 'app', '--output', at('app.raw'))).code).toBe(0);
    expect(await readFile(at('app.raw'))).toEqual(material);
  });

  it('are refused before anything is sent when they are no sound key of the type', async () => {
    const refused = async (told: string, input: string | undefined, ...args: string[]) =>
      expect(await given(input ?? '', 'import', 'x', ...args)).toMatchObject({
        code: 2,
        err: expect.stringContaining(told),
      });
    const { privateKey } = generateKeyPairSync('ed25519');
    const pem = privateKey.export({ format: 'pem', type: 'pkcs8' }) as string;
    const closed = privateKey.export({ format: 'pem', type: 'pkcs8', cipher: 'aes-256-cbc', passphrase: 'x' });
    // Nothing runs there: whatever is told is told by the command line.
    const material = ['--material', '-', '--data', at('nothing')];
    await refused('has not 32 bytes', 'short', '--type', 'aes-256-gcm', ...material);
    await refused('not of the type ecdsa-p256', pem, '--type', 'ecdsa-p256', ...material);
    await refused('closed by a passphrase', closed as string, '--type', 'ed25519', ...material);
    await refused('raw bytes, not PEM', pem, '--type', 'hmac', ...material);
    await refused('told together', '', '--type', 'hmac', '--wrapped', at('x'));
    await refused('say where the material is', '', '--type', 'hmac');
    await refused('[wrapping_key_unknown]', '', '--type', 'hmac', '--wrapped', 'AAAA', '--wrapping-key', unknownId);
  });
});

describe('keys that go elsewhere', () => {
  it('are opened into a file of their owner that was not there', async () => {
    await run('create', 'release', '--type', 'ed25519', '--exportable');
    expect((await run('export', 'release', '--output', at('release.pem'))).code).toBe(0);
    expect((await stat(at('release.pem'))).mode & 0o777).toBe(0o600);
    const pem = await readFile(at('release.pem'), 'utf8');
    const publicPem = createPublicKey(pem).export({ format: 'pem', type: 'spki' });
    expect((await run('public', 'release')).out).toBe(publicPem);
    const again = await run('export', 'release', '--output', at('release.pem'));
    expect(again).toMatchObject({ code: 2, err: expect.stringContaining('[file_exists]') });
    expect(await readFile(at('release.pem'), 'utf8')).toBe(pem);
  });

  it('are wrapped to a public key', async () => {
    await run('create', 'shared', '--exportable');
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    await writeFile(at('their.pem'), publicKey.export({ format: 'pem', type: 'spki' }));
    const { out } = await run('export', 'shared', '--to', at('their.pem'));
    const material = unwrapFromTransport(privateKey, Buffer.from(out, 'base64'));
    await run('export', 'shared', '--output', at('shared.raw'));
    expect(await readFile(at('shared.raw'))).toEqual(material);
    const { publicKey: small } = generateKeyPairSync('ed25519');
    await writeFile(at('small.pem'), small.export({ format: 'pem', type: 'spki' }));
    expect((await run('export', 'shared', '--to', at('small.pem'))).err).toContain('no RSA key');
  });

  it('stay when they were not created exportable, and leave no file', async () => {
    await run('create', 'fixed');
    const stays = await run('export', 'fixed', '--output', at('fixed.raw'));
    expect(stays).toMatchObject({ code: 2, err: expect.stringContaining('[key_not_exportable]') });
    expect(stays.err).toContain('--exportable');
    await expect(access(at('fixed.raw'))).rejects.toThrow('ENOENT');
  });
});

const unknownId = '00000000-0000-4000-8000-000000000000';

import { generateKeyPairSync } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { CommandLine } from './command-line.ts';

let gabion: CommandLine;

const run = (...args: string[]) => gabion.run(['keys', ...args]);
const given = (input: string, ...args: string[]) => gabion.run(['keys', ...args], {}, input);
const base64 = (text: string) => Buffer.from(text).toString('base64');

beforeAll(async () => {
  gabion = await CommandLine.open();
  await gabion.up('--services', 'identity,kms-secrets,gateway');
  await run('create', 'app');
});

afterAll(() => gabion[Symbol.asyncDispose]());

describe('lines of ciphertexts', () => {
  it('are closed, closed again under the present version and opened in their order', async () => {
    await run('create', 'many');
    // More than one call takes.
    const lines = Array.from({ length: 1001 }, (_, at) => `${base64(at === 3 ? '' : `line ${at}`)}\n`).join('');
    const { out: closed } = await given(lines, 'encrypt', 'many', '--batch', '--context', 'file=names');
    await run('rotate', 'many');
    const { code, out: again } = await given(closed, 'rewrap', 'many', '--context', 'file=names');
    expect(code).toBe(0);
    const shown = await given(again.split('\n')[0] ?? '', 'decrypt', '--context', 'file=names', '--json');
    expect(JSON.parse(shown.out)).toMatchObject({ plaintext: base64('line 0'), version: 2 });
    const opened = await given(again, 'decrypt', '--batch', '--context', 'file=names');
    expect(opened).toMatchObject({ code: 0, out: lines, err: '' });
  });

  it('that are refused are empty, and named', async () => {
    const { out } = await given(`${base64('a')}\n${base64('b')}\n`, 'encrypt', 'app', '--batch');
    const [first, second] = out.split('\n');
    const mixed = [first, base64('nothing'), second].join('\n');
    const refused = await given(mixed, 'decrypt', '--batch');
    expect(refused).toMatchObject({ code: 2, out: `${base64('a')}\n\n${base64('b')}\n` });
    expect(refused.err).toMatch(/^gabion: line 2: .*\[ciphertext_refused\]\n$/);
    const json = await given(mixed, 'rewrap', 'app', '--json');
    expect(JSON.parse(json.out).results[1]).toMatchObject({ error: { code: 'ciphertext_refused' } });
  });

  it('that are no base64 are named before anything is done', async () => {
    const bad = await given(`${base64('x')}\n*\n`, 'rewrap', 'nobody');
    expect(bad).toMatchObject({ code: 2, out: '', err: expect.stringContaining('line 2 of standard input') });
    expect((await given(`\n${base64('x')}`, 'rewrap', 'nobody')).err).toContain('line 1 of standard input is empty');
    expect((await given('', 'encrypt', 'nobody', '--batch')).err).toContain('standard input is empty');
  });
});

describe('bytes of keys', () => {
  it('are data keys that the key opens again', async () => {
    const { out } = await run('data-key', 'app', '--bytes', '16', '--context', 'file=dump');
    const [plain, closed = ''] = out.split('\n');
    expect(Buffer.from(plain ?? '', 'base64')).toHaveLength(16);
    const opened = await given(closed, 'decrypt', '--context', 'file=dump', '--json');
    expect(JSON.parse(opened.out)).toMatchObject({ plaintext: plain });
    const { out: alone } = await run('data-key', 'app', '--without-plaintext');
    expect(alone.trim().split('\n')).toHaveLength(1);
    expect((await given(alone, 'decrypt', '--json')).code).toBe(0);
  });

  it('are derived alike for one context, and shared by two who agree', async () => {
    const forCookies = ['derive', 'app', '--context', 'purpose=cookies', '--format', 'hex'];
    const { out } = await run(...forCookies);
    expect(out).toMatch(/^[0-9a-f]{64}\n$/);
    expect((await run(...forCookies)).out).toBe(out);
    expect((await run('derive', 'app', '--context', 'purpose=other', '--format', 'hex')).out).not.toBe(out);
    await run('create', 'ours', '--type', 'x25519');
    await run('create', 'theirs', '--type', 'x25519');
    const [ourFile, theirFile] = ['ours.pem', 'theirs.pem'].map((name) => join(gabion.dataDir, name)) as [
      string,
      string,
    ];
    await writeFile(ourFile, (await run('public', 'ours')).out);
    await writeFile(theirFile, (await run('public', 'theirs')).out);
    const { out: here } = await run('derive', 'ours', '--peer', theirFile, '--context', 'for=both');
    const { out: there } = await run('derive', 'theirs', '--peer', ourFile, '--context', 'for=both');
    expect(here).toBe(there);
    expect(Buffer.from(here, 'base64')).toHaveLength(32);
  });

  it('are not derived with what is no public key', async () => {
    const file = join(gabion.dataDir, 'private.pem');
    const { privateKey } = generateKeyPairSync('x25519');
    await writeFile(file, privateKey.export({ format: 'pem', type: 'pkcs8' }));
    expect(await run('derive', 'nobody', '--peer', file, '--context', 'a=b')).toMatchObject({
      code: 2,
      err: expect.stringContaining('holds no public key'),
    });
  });

  it('are random', async () => {
    expect((await run('random', '16', '--format', 'hex')).out).toMatch(/^[0-9a-f]{32}\n$/);
    expect(Buffer.from((await run('random', '1000')).out, 'base64')).toHaveLength(1000);
    expect(await run('random', '65537')).toMatchObject({ code: 2, err: expect.stringContaining('1 to 65536') });
  });
});

import { createPublicKey } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { CommandLine } from './command-line.ts';

let gabion: CommandLine;

beforeEach(async () => {
  gabion = await CommandLine.open();
});

afterEach(() => gabion[Symbol.asyncDispose]());

describe('keys', () => {
  it('are made, rotated and disabled, and open what an older version closed in the same context', async () => {
    await gabion.up();
    expect(await gabion.run(['keys', 'create', 'app', '--rotate-every', '90'])).toMatchObject({ code: 0 });
    const closed = await gabion.run(['keys', 'encrypt', 'app', '--context', 'purpose=test'], {}, 'a secret');
    const { out: rotated } = await gabion.run(['keys', 'rotate', 'app', '--json']);
    expect(JSON.parse(rotated)).toMatchObject({ name: 'app', primaryVersion: 2, type: 'KEY_TYPE_AES_256_GCM' });
    const opened = await gabion.run(['keys', 'decrypt', '--context', 'purpose=test'], {}, closed.out);
    expect(opened).toMatchObject({ code: 0, out: 'a secret' });
    const elsewhere = await gabion.run(['keys', 'decrypt', '--context', 'purpose=other'], {}, closed.out);
    expect(elsewhere).toMatchObject({ out: '', err: expect.stringContaining('[ciphertext_refused]') });
    expect((await gabion.run(['keys', 'disable', 'app'])).out).toContain('disabled');
    expect((await gabion.run(['keys', 'encrypt', 'app'], {}, 'x')).err).toContain('[key_disabled]');
  });

  it('show their public half and themselves', async () => {
    await gabion.up();
    await gabion.run(['keys', 'create', 'release', '--type', 'ed25519']);
    const { out: pem } = await gabion.run(['keys', 'public', 'release']);
    expect(createPublicKey(pem).asymmetricKeyType).toBe('ed25519');
    const { out: list } = await gabion.run(['keys', 'list']);
    expect(list).toMatch(/release +ed25519 +enabled +1 /);
    expect(await gabion.run(['keys', 'show', 'nobody'])).toMatchObject({
      err: expect.stringContaining('[key_unknown]'),
    });
    expect(await gabion.run(['keys', 'create', 'x', '--type', 'rot13'])).toMatchObject({ code: 2 });
  });

  it('are deleted after a waiting time, kept, named anew and backed up', async () => {
    await gabion.up();
    await gabion.run(['keys', 'create', 'web', '--type', 'ecdsa-p256']);
    expect((await gabion.run(['keys', 'alias', 'site', 'web'])).out).toBe('site is web now\n');
    const csr = await gabion.run(['keys', 'csr', 'site', '--subject', 'CN=web.example', '--dns', 'web.example']);
    expect(csr.out).toMatch(/^-----BEGIN CERTIFICATE REQUEST-----/);
    expect((await gabion.run(['keys', 'csr', 'site', '--subject', 'nothing'])).err).toContain('[subject_malformed]');
    expect((await gabion.run(['keys', 'delete', 'web', '--days', '7'])).out).toContain('gabion keys keep web');
    expect((await gabion.run(['keys', 'keep', 'web'])).out).toContain('gabion keys enable web');
    expect((await gabion.run(['keys', 'delete', 'web', '--days', '3'])).err).toContain('[field_invalid]');
  });
});

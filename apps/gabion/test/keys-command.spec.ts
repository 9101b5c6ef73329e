import { createPublicKey } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { CommandLine } from './command-line.ts';

let gabion: CommandLine;

beforeAll(async () => {
  gabion = await CommandLine.open();
  await gabion.up('--services', 'identity,kms-secrets,gateway');
});

afterAll(() => gabion[Symbol.asyncDispose]());

describe('keys', () => {
  it('are made, rotated and disabled, and open what an older version closed in the same context', async () => {
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
    await gabion.run(['keys', 'create', 'web', '--type', 'ecdsa-p256']);
    expect((await gabion.run(['keys', 'alias', 'site', 'web'])).out).toBe('site is web now\n');
    const csr = await gabion.run(['keys', 'csr', 'site', '--subject', 'CN=web.example', '--dns', 'web.example']);
    expect(csr.out).toMatch(/^-----BEGIN CERTIFICATE REQUEST-----/);
    const backup = await gabion.run(['keys', 'backup', 'site', '--json']);
    expect(JSON.parse(backup.out)).toEqual({ backup: expect.any(String) });
    expect((await gabion.run(['keys', 'csr', 'site', '--subject', 'nothing'])).err).toContain('[subject_malformed]');
    expect((await gabion.run(['keys', 'delete', 'web', '--days', '7'])).out).toContain('gabion keys keep web');
    expect((await gabion.run(['keys', 'keep', 'web'])).out).toContain('gabion keys enable web');
    expect((await gabion.run(['keys', 'delete', 'web', '--days', '3'])).err).toContain('[field_invalid]');
  });

  it('have settings, which are changed one by one', async () => {
    const made = ['create', 'till', '--tenant', 'shop', '--rotate-every', '90', '--description', 'of the shop'];
    await gabion.run(['keys', ...made, '--label', 'a=b', '--label', 'c=d', '--require-context', 'file']);
    expect((await gabion.run(['keys', 'encrypt', 'till'], {}, 'x')).err).toContain('[context_required]');
    const shown = await gabion.run(['keys', 'show', 'till']);
    for (const line of ['description: of the shop', 'labels: a=b, c=d', 'rotates every: 90 days', 'tenant: shop'])
      expect(shown.out).toContain(line);
    const set = await gabion.run(['keys', 'set', 'till', '--no-rotate-every', '--no-require-context', '--json']);
    expect(JSON.parse(set.out).settings).toMatchObject({ description: 'of the shop', requiredContext: [] });
    expect(JSON.parse(set.out).settings).not.toHaveProperty('rotationPeriod');
    expect((await gabion.run(['keys', 'encrypt', 'till'], {}, 'x')).code).toBe(0);
    await gabion.run(['keys', 'rotate', 'till']);
    expect((await gabion.run(['keys', 'set', 'till', '--min-version', '2'])).code).toBe(0);
    expect((await gabion.run(['keys', 'show', 'till'])).out).toContain('opens versions from: 2');
    expect(await gabion.run(['keys', 'set', 'till'])).toMatchObject({
      code: 2,
      err: expect.stringContaining('[usage]'),
    });
    expect((await gabion.run(['keys', 'set', 'till', '--rotate-every', '0'])).err).toContain('must be days, 1 to 3650');
    expect((await gabion.run(['keys', 'list', '--tenant', 'other'])).out).toContain('There is no key');
    expect((await gabion.run(['keys', 'list', '--tenant', 'shop'])).out).toMatch(/till +aes-256-gcm/);
  });
});

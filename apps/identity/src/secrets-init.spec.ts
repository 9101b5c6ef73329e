import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Authority } from './authority.ts';
import { isJoinToken } from './join-tokens.ts';
import { initSecrets, kubernetesSecrets } from './secrets-init.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'gabion-secrets-'));
});
afterEach(async () => {
  await rm(dir, { recursive: true, force: true });
});

async function contents(): Promise<Record<string, string>> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return Object.fromEntries(
    await Promise.all(files.map(async (file) => [file.slice(dir.length + 1), await readFile(file, 'utf8')])),
  );
}

describe('initSecrets', () => {
  it('makes what each reader needs, and nothing that another one holds alone', async () => {
    await initSecrets(dir, ['gateway', 'image-scanner']);
    const made = await contents();
    expect(Object.keys(made).toSorted()).toEqual(
      [
        ...[
          'gateway.join-token',
          'identity.postgres',
          'image-scanner.join-token',
          'postgres-url',
          'redis-url',
          'root.key',
          'root.pem',
        ].map((file) => `identity/${file}`),
        ...['gateway', 'image-scanner'].flatMap((service) =>
          ['join-token', `${service}.postgres`, 'postgres-url', 'redis-url', 'root.pem'].map(
            (file) => `${service}/${file}`,
          ),
        ),
        'postgres/password',
        'redis/password',
        'redis/redis.conf',
      ].toSorted(),
    );
    expect(made['gateway/root.pem']).toBe(made['identity/root.pem']);
    const shown = made['gateway/join-token']?.trim() ?? '';
    expect(await isJoinToken(join(dir, 'identity'), 'gateway', shown)).toBe(true);
    expect(await isJoinToken(join(dir, 'identity'), 'image-scanner', shown)).toBe(false);
    expect(made['image-scanner/postgres-url']?.trim()).toBe(
      `postgresql://gabion_image_scanner:${made['image-scanner/image-scanner.postgres']?.trim()}@postgres:5432/gabion_image_scanner`,
    );
    for (const file of Object.keys(made)) expect((await stat(join(dir, file))).mode & 0o777).toBe(0o600);
    await Authority.open({ dir: join(dir, 'identity'), lifetimeMs: 1000, now: () => new Date() });
  });

  it('changes nothing when run again, also by several at once', async () => {
    await Promise.all(Array.from({ length: 4 }, () => initSecrets(dir, ['gateway'])));
    const first = await contents();
    expect(first['gateway/join-token']).toBe(first['identity/gateway.join-token']);
    await initSecrets(dir, ['gateway', 'signer']);
    expect(await contents()).toMatchObject(first);
  });

  it('makes the certificate again from the key when a crash left only that', async () => {
    await initSecrets(dir, []);
    const key = (await contents())['identity/root.key'];
    await rm(join(dir, 'identity', 'root.pem'));
    await initSecrets(dir, []);
    expect((await contents())['identity/root.key']).toBe(key);
    await Authority.open({ dir: join(dir, 'identity'), lifetimeMs: 1000, now: () => new Date() });
  });
});

describe('Authority', () => {
  it('refuses a certificate that is not that of the key', async () => {
    await initSecrets(join(dir, 'a'), []);
    await initSecrets(join(dir, 'b'), []);
    await rm(join(dir, 'a', 'identity', 'root.key'));
    const { copyFile } = await import('node:fs/promises');
    await copyFile(join(dir, 'b', 'identity', 'root.key'), join(dir, 'a', 'identity', 'root.key'));
    const open = Authority.open({ dir: join(dir, 'a', 'identity'), lifetimeMs: 1000, now: () => new Date() });
    await expect(open).rejects.toThrow('is not the certificate of root.key');
  });
});

describe('kubernetesSecrets', () => {
  it('prints one Secret a reader, with every file', async () => {
    await initSecrets(dir, ['gateway']);
    const yaml = await kubernetesSecrets(dir);
    const names = yaml.split('---\n').map((manifest) => /name: (\S+)/.exec(manifest)?.[1]);
    expect(names).toEqual(['gabion-gateway', 'gabion-identity', 'gabion-postgres', 'gabion-redis']);
    const token = /gabion-gateway[\s\S]*? {2}join-token: (\S+)/.exec(yaml)?.[1] ?? '';
    expect(Buffer.from(token, 'base64').toString()).toBe((await contents())['gateway/join-token']);
  });
});

import { randomBytes } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { keptOrMade } from '@gabion/service/private-file';
import { makeAuthority } from './authority.ts';
import { joinTokenFile } from './join-tokens.ts';

/** Under which names the servers are reached by the services. */
export interface Servers {
  readonly postgres: string;
  readonly redis: string;
}

/**
 * Makes what distributed mode needs, in one folder a reader, each file 0600; what is there is left as it is.
 * `identity`: root.key, root.pem and every `<service>.join-token`. Each service: root.pem, join-token,
 * `<service>.postgres` (its password), postgres-url, redis-url. `postgres` and `redis`: password, redis.conf.
 */
export async function initSecrets(
  dir: string,
  services: readonly string[],
  servers: Servers = { postgres: 'postgres:5432', redis: 'redis:6379' },
): Promise<void> {
  const { rootPem } = await makeAuthority(join(dir, 'identity'), () => new Date());
  await keptOrMade(join(dir, 'postgres', 'password'), password);
  const redisPassword = line(await keptOrMade(join(dir, 'redis', 'password'), password));
  await keptOrMade(join(dir, 'redis', 'redis.conf'), () => redisConf(redisPassword));
  for (const service of new Set(['identity', ...services])) {
    const kept = (file: string, content: () => string) => keptOrMade(join(dir, service, file), content);
    await kept('root.pem', () => rootPem);
    await kept('redis-url', () => `redis://:${redisPassword}@${servers.redis}\n`);
    const postgresPassword = line(await kept(`${service}.postgres`, password));
    const role = `gabion_${service.replaceAll('-', '_')}`;
    await kept('postgres-url', () => `postgresql://${role}:${postgresPassword}@${servers.postgres}/${role}\n`);
    if (service === 'identity') continue;
    // Identity's copy first: a service must not come up with a token that identity does not know.
    const token = await keptOrMade(joinTokenFile(join(dir, 'identity'), service), password);
    await kept('join-token', () => token);
  }
}

/** The folders of `initSecrets` as Kubernetes Secrets `gabion-<folder>`, YAML. */
export async function kubernetesSecrets(dir: string): Promise<string> {
  const folders = (await readdir(dir, { withFileTypes: true })).filter((entry) => entry.isDirectory());
  const manifests = folders
    .map(({ name }) => name)
    .sort()
    .map((name) => secret(name, join(dir, name)));
  return (await Promise.all(manifests)).join('---\n');
}

async function secret(name: string, folder: string): Promise<string> {
  const files = (await readdir(folder)).sort();
  const data = await Promise.all(
    files.map(async (file) => `  ${file}: ${(await readFile(join(folder, file))).toString('base64')}`),
  );
  const head = ['apiVersion: v1', 'kind: Secret', 'metadata:', `  name: gabion-${name}`, 'type: Opaque', 'data:'];
  return `${[...head, ...data].join('\n')}\n`;
}

/** 256 bits in characters that need no escape in a URL or a configuration file. */
function password(): string {
  return `${randomBytes(32).toString('base64url')}\n`;
}

function line(content: string): string {
  return content.trim();
}

/** Nothing in it has to survive a restart. */
function redisConf(redisPassword: string): string {
  return ['bind * -::*', 'protected-mode yes', `requirepass ${redisPassword}`, 'save ""', 'appendonly no', ''].join(
    '\n',
  );
}

import { access, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { initSecrets, kubernetesSecrets } from '@gabion/identity/secrets-init';
import { provision } from '@gabion/postgres/provision';
import { Complaint } from './complaint.ts';
import { serviceNames } from './platform.ts';

interface Options {
  readonly dir: string;
}

/** Makes the secrets that are missing. */
export async function initialise(options: Options & { host: string; redisHost: string }): Promise<void> {
  const servers = { postgres: withPort(options.host, 5432), redis: withPort(options.redisHost, 6379) };
  await initSecrets(options.dir, serviceNames, servers);
  process.stdout.write(`The secrets are in ${options.dir}\n`);
}

/** Gives each service that keeps something a database and a role, as the administrator of the folder's password. */
export async function makeDatabases({ dir, host }: Options & { host: string }): Promise<void> {
  const passwordFile = join(dir, 'postgres', 'password');
  const password = await readFile(passwordFile, 'utf8').catch((cause) => {
    throw new Complaint(`${passwordFile} cannot be read`, {
      code: 'secrets_missing',
      hint: `Make the secrets first: gabion secrets init --dir ${dir}`,
      cause,
    });
  });
  const adminUrl = `postgresql://postgres:${encodeURIComponent(password.trim())}@${withPort(host, 5432)}/postgres`;
  for (const service of serviceNames.filter((name) => name !== 'gateway')) {
    // `provision` would make up a password of its own, which no service would know.
    await access(join(dir, service, `${service}.postgres`));
    await provision(adminUrl, service, join(dir, service));
    process.stdout.write(`${service} has its database\n`);
  }
}

/** Prints the secrets as Kubernetes manifests. */
export async function print({ dir }: Options): Promise<void> {
  process.stdout.write(await kubernetesSecrets(dir));
}

function withPort(host: string, port: number): string {
  return /:\d+$/.test(host) ? host : `${host}:${port}`;
}

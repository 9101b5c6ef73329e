import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, chown, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { type Account, identityOf } from './account.ts';
import type { Binaries } from './binaries.ts';
import { PostgresError } from './postgres-error.ts';

/** PostgreSQL's own directory inside ours. */
export const clusterOf = (dataDir: string): string => join(dataDir, 'cluster');

const passwordFile = (dataDir: string): string => join(dataDir, 'superuser.password');

/** The major version a data directory was made with; undefined when there is none yet. */
export async function majorOf(dataDir: string): Promise<number | undefined> {
  const version = await readFile(join(clusterOf(dataDir), 'PG_VERSION'), 'utf8').catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined;
      throw error;
    },
  );
  return version === undefined ? undefined : Number.parseInt(version, 10);
}

/** Makes the data directory when there is none; a run that is cut short leaves nothing that looks like one. */
export async function initialise(dataDir: string, binaries: Binaries, account: Account | undefined): Promise<void> {
  if ((await majorOf(dataDir)) !== undefined) return;
  const partial = join(dataDir, 'cluster.partial');
  const pwfile = join(dataDir, 'initdb.password');
  await rm(partial, { recursive: true, force: true });
  await mkdir(partial, { mode: 0o700 });
  const password = randomBytes(24).toString('base64url');
  // Ours first, and to the disk: a cluster whose password is lost would be useless.
  await writeFile(passwordFile(dataDir), password, { mode: 0o600, flush: true });
  await chmod(passwordFile(dataDir), 0o600);
  await writeFile(pwfile, password, { mode: 0o600 });
  if (account) for (const path of [partial, pwfile]) await chown(path, account.uid, account.gid);
  try {
    await initdb(binaries, partial, pwfile, account);
    await rename(partial, clusterOf(dataDir));
  } finally {
    await rm(pwfile, { force: true });
    await rm(partial, { recursive: true, force: true });
  }
}

/** The generated password of the superuser `postgres`. */
export async function superuserPassword(dataDir: string): Promise<string> {
  return (await readFile(passwordFile(dataDir), 'utf8')).trim();
}

async function initdb(binaries: Binaries, directory: string, pwfile: string, account: Account | undefined) {
  const args = [
    `--pgdata=${directory}`,
    '--username=postgres',
    `--pwfile=${pwfile}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    '--locale=C',
    '--data-checksums',
  ];
  const child = spawn(join(binaries.binDir, 'initdb'), args, {
    ...identityOf(account),
    cwd: '/',
    env: serverEnv(),
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  const [complaint, code] = await Promise.all([text(child.stderr), ended]);
  if (code !== 0) throw failureOf('initdb', complaint);
}

/** A bare environment: PG* variables of the user's shell must not reach the server. */
export function serverEnv(): NodeJS.ProcessEnv {
  return { PATH: process.env.PATH ?? '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' };
}

/** What a PostgreSQL program that failed said, as a typed error. */
export function failureOf(program: string, said: string): PostgresError {
  const lines = said.trim().split('\n');
  const fatal = lines.findLast((line) => /FATAL|PANIC|error:|could not/i.test(line)) ?? lines.at(-1) ?? '';
  if (/No space left on device|Disk quota exceeded/i.test(said)) {
    return new PostgresError('disk_full', `${program}: the disk is full: ${fatal}`);
  }
  if (/Permission denied|has wrong ownership|invalid permissions/i.test(said)) {
    return new PostgresError('permission_denied', `${program}: ${fatal}`);
  }
  if (/pre-existing shared memory block|lock file .* already exists/i.test(said)) {
    return new PostgresError('server_busy', `${program}: ${fatal}`);
  }
  if (/database files are incompatible/i.test(said)) return new PostgresError('wrong_major_version', fatal);
  return new PostgresError('server_failed', `${program} failed: ${fatal}`);
}

/** Makes our directory such that the server's account can pass through it and read nothing of ours. */
export async function prepareDataDir(dataDir: string, account: Account | undefined): Promise<void> {
  await mkdir(dataDir, { recursive: true, mode: account ? 0o711 : 0o700 });
  const { mode, uid } = await stat(dataDir);
  if (account && uid === process.getuid?.() && (mode & 0o001) === 0) await chmod(dataDir, (mode & 0o777) | 0o011);
}

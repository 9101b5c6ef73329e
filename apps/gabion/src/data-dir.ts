import { createHash } from 'node:crypto';
import { chmod, lstat, mkdir, readFile, statfs, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Complaint, exitCodes } from './complaint.ts';

/** Version of the layout below; raised when an older Gabion could no longer use the directory. */
const layoutVersion = 1;

/** Room that a first start needs: an empty PostgreSQL with its write-ahead log takes about 70 MB. */
const neededAtFirstMb = 200;
const neededMb = 32;

/** Everything that one platform keeps, below one directory. */
export interface DataDir {
  readonly root: string;
  /** Held for as long as a process uses the directory. */
  readonly lockFile: string;
  /** Who holds it. */
  readonly holderFile: string;
  /** Sockets; only this user may enter. */
  readonly runDir: string;
  readonly secretsDir: string;
  readonly postgresDir: string;
  readonly logFile: string;
  readonly adminTokenFile: string;
  /** The key that opens the seal of kms-secrets: without it nothing that was encrypted can be read again. */
  readonly sealFile: string;
  serviceDir(service: string): string;
}

/** The directory to use: the one asked for, `GABION_DATA`, `/var/lib/gabion` as root, else below XDG_DATA_HOME. */
export function dataDirOf(asked: string | undefined, env: NodeJS.ProcessEnv): DataDir {
  const root = resolve(asked ?? env.GABION_DATA ?? standardRoot(env));
  return {
    root,
    lockFile: join(root, 'lock'),
    holderFile: join(root, 'holder.json'),
    runDir: runDirOf(root),
    secretsDir: join(root, 'secrets'),
    postgresDir: join(root, 'postgres'),
    logFile: join(root, 'log', 'gabion.log'),
    adminTokenFile: join(root, 'secrets', 'administrator.token'),
    sealFile: join(root, 'secrets', 'seal.key'),
    serviceDir: (service) => join(root, 'services', service),
  };
}

function standardRoot(env: NodeJS.ProcessEnv): string {
  if (process.getuid?.() === 0) return '/var/lib/gabion';
  return join(env.XDG_DATA_HOME || join(homedir(), '.local', 'share'), 'gabion');
}

/** A socket's path fits into 107 bytes; below a deep data directory the sockets live in the system's folder for temporary files. */
function runDirOf(root: string): string {
  const runDir = join(root, 'run');
  if (Buffer.byteLength(join(runDir, 'a-service-with-a-long-name.sock')) <= 107) return runDir;
  const name = createHash('sha256').update(root).digest('hex').slice(0, 16);
  return join(tmpdir(), `gabion-${process.getuid?.() ?? 0}-${name}`);
}

/** Makes the directory what it must be; refuses one of a newer Gabion, one of another user, and one without room. */
export async function prepareDataDir(dataDir: DataDir, version: string): Promise<{ isNew: boolean }> {
  const { root } = dataDir;
  await mkdir(root, { recursive: true, mode: 0o711 }).catch((error) => {
    throw unusable(root, error);
  });
  const isNew = await checkLayout(root, version);
  await checkRoom(root, isNew ? neededAtFirstMb : neededMb);
  if (process.getuid?.() === 0) {
    // PostgreSQL does not run as root: its user passes through here on the way to its own folder.
    const { mode } = await lstat(root);
    await chmod(root, (mode & 0o777) | 0o011);
  }
  for (const each of [dataDir.runDir, dataDir.secretsDir, join(root, 'services'), join(root, 'log')])
    await privateFolder(each);
  return { isNew };
}

async function checkLayout(root: string, version: string): Promise<boolean> {
  const file = join(root, 'layout.json');
  const found = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw unusable(root, error);
  });
  if (found === undefined) {
    const layout = { layout: layoutVersion, createdBy: version };
    await writeFile(file, `${JSON.stringify(layout)}\n`).catch((error) => {
      throw unusable(root, error);
    });
    return true;
  }
  const { layout, createdBy } = parsed(found);
  if (!Number.isInteger(layout))
    throw new Complaint(`${file} does not say which layout the data directory has`, {
      code: 'data_unreadable',
      hint: 'Is it a data directory of Gabion? Choose another with --data, or restore the file from a backup.',
      exitCode: exitCodes.failed,
    });
  if (Number(layout) > layoutVersion)
    throw new Complaint(
      `${root} is of a newer Gabion (layout ${layout}, made by ${createdBy ?? 'an unknown version'}); this one knows layout ${layoutVersion}`,
      {
        code: 'data_newer',
        hint: 'Run that version, or choose another directory with --data.',
        exitCode: exitCodes.failed,
      },
    );
  return false;
}

function parsed(text: string): { layout?: unknown; createdBy?: unknown } {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}

async function checkRoom(root: string, neededRoomMb: number): Promise<void> {
  const { bavail, bsize } = await statfs(root);
  const freeMb = Math.floor((bavail * bsize) / 2 ** 20);
  if (freeMb < neededRoomMb)
    throw new Complaint(`the disk of ${root} is full: ${freeMb} MB are free, ${neededRoomMb} MB are needed`, {
      code: 'disk_full',
      hint: 'Free some space, or choose another data directory with --data.',
      exitCode: exitCodes.failed,
    });
}

/** A folder that nobody else can enter or has made in our place. */
async function privateFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 });
  const found = await lstat(path);
  if (!found.isDirectory() || found.uid !== (process.getuid?.() ?? found.uid))
    throw new Complaint(`${path} belongs to somebody else`, {
      code: 'not_permitted',
      hint: 'Choose a data directory of your own with --data.',
      exitCode: exitCodes.failed,
    });
  await chmod(path, 0o700);
}

function unusable(root: string, error: NodeJS.ErrnoException): unknown {
  if (!['EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'EEXIST'].includes(error.code ?? '')) return error;
  return new Complaint(`the data directory ${root} cannot be used: ${error.message}`, {
    code: error.code === 'EROFS' ? 'read_only' : 'not_permitted',
    hint: 'Choose a directory of your own with --data.',
    exitCode: exitCodes.failed,
    cause: error,
  });
}

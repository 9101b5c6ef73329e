import { execFile, spawn } from 'node:child_process';
import { chmod, chown, cp, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { sql } from 'kysely';
import { openDatabase } from '../src/database.ts';
import { embeddedBinDir, embeddedPackage } from '../src/embedded-binaries.ts';
import { openServer, type PostgresServer } from '../src/server.ts';
import { temporaryDir } from './own-server.ts';

const run = promisify(execFile);
const isRoot = process.getuid?.() === 0;
const hasInstalled = (await readdir('/usr/lib/postgresql').catch(() => [])).some((major) => Number(major) >= 15);
const here = dirname(fileURLToPath(import.meta.url));

let home: Awaited<ReturnType<typeof temporaryDir>>;
let dataDir: string;
beforeEach(async () => {
  home = await temporaryDir();
  dataDir = join(home.path, 'data');
});
afterEach(async () => {
  await home[Symbol.asyncDispose]();
});

async function ask(server: { adminUrl: string }, statement: string): Promise<unknown[]> {
  await using db = openDatabase(server.adminUrl);
  return (await sql.raw(statement).execute(db.kysely)).rows;
}

const isGone = (pid: number) =>
  readFile(`/proc/${pid}/stat`, 'utf8').then(
    (s) => s.includes(') Z '),
    () => true,
  );

async function gone(pid: number): Promise<void> {
  while (!(await isGone(pid))) await new Promise((resolve) => setTimeout(resolve, 20));
}

describe.each([
  { origin: 'installed' as const, possible: hasInstalled },
  { origin: 'embedded' as const, possible: embeddedPackage() !== undefined },
])('a server from $origin binaries', ({ origin, possible }) => {
  const test = possible ? it : it.skip;

  test('is made, keeps its data across a stop, starts within a second and leaves nothing running', async () => {
    const first = await openServer({ dataDir, prefer: origin });
    expect(first.origin).toBe(origin);
    await ask(first, 'create table kept as select 42 as answer');
    const pid = first.pid!;
    const began = performance.now();
    await first[Symbol.asyncDispose]();
    expect(performance.now() - began).toBeLessThan(2_000);
    expect(await isGone(pid)).toBe(true);

    const reopened = performance.now();
    await using second = await openServer({ dataDir, prefer: origin });
    expect(performance.now() - reopened).toBeLessThan(1_000);
    expect(await ask(second, 'select answer from kept')).toEqual([{ answer: 42 }]);
  });

  test('listens on a socket only, as an unprivileged user, with a password that only we can read', async () => {
    await using server = await openServer({ dataDir, prefer: origin });
    const [settings] = (await ask(
      server,
      `select current_setting('listen_addresses') as tcp, current_setting('fsync') as fsync,
        current_setting('data_checksums') as checksums, current_setting('server_encoding') as encoding`,
    )) as [object];
    expect(settings).toEqual({ tcp: '', fsync: 'on', checksums: 'on', encoding: 'UTF8' });
    const owner = await stat(`/proc/${server.pid}`);
    if (isRoot) expect(owner.uid).not.toBe(0);
    else expect(owner.uid).toBe(process.getuid?.());
    expect((await stat(join(dataDir, 'superuser.password'))).mode & 0o777).toBe(0o600);
    const wrong = server.adminUrl.replace(/:[^:@]+@/, ':wrong@');
    await expect(ask({ adminUrl: wrong }, 'select 1')).rejects.toThrow('password authentication failed');
  });

  test('comes back by itself, with what was committed, when it is killed', async () => {
    await using server = await openServer({ dataDir, prefer: origin });
    await ask(server, 'create table kept as select 1 as n');
    const killed = server.pid!;
    process.kill(killed, 'SIGKILL');
    while (server.pid === killed) await new Promise((resolve) => setTimeout(resolve, 20));
    expect(await ask(server, 'select n from kept')).toEqual([{ n: 1 }]);
  });
});

describe('the choice of a server', () => {
  it('takes the URL that was given and leaves that server alone', async () => {
    await using started = await openServer({ dataDir });
    const given = await openServer({ url: started.adminUrl, dataDir: join(home.path, 'unused') });
    expect(given).toMatchObject({ origin: 'url', version: started.version });
    await given[Symbol.asyncDispose]();
    expect(await ask(started, 'select 1 as one')).toEqual([{ one: 1 }]);
  });

  it('names a URL where nothing answers', async () => {
    const url = 'postgresql://a:b@127.0.0.1:1/x';
    await expect(openServer({ url, dataDir })).rejects.toMatchObject({ code: 'unavailable' });
  });

  (hasInstalled && embeddedPackage() ? it : it.skip)(
    'stays with the version that made the data directory',
    async () => {
      const first = await openServer({ dataDir, prefer: 'embedded' });
      await first[Symbol.asyncDispose]();
      await using again = await openServer({ dataDir });
      expect(again).toMatchObject({ origin: 'embedded', version: first.version });
    },
  );

  it('refuses a data directory of a version that is not here', async () => {
    const server = await openServer({ dataDir });
    await server[Symbol.asyncDispose]();
    await writeFile(join(dataDir, 'cluster', 'PG_VERSION'), '14\n');
    await expect(openServer({ dataDir })).rejects.toMatchObject({ code: 'wrong_major_version' });
  });
});

describe('a data directory', () => {
  it('is refused while another server of ours runs in it, which goes on', async () => {
    await using server = await openServer({ dataDir });
    await expect(openServer({ dataDir })).rejects.toMatchObject({ code: 'server_busy' });
    expect(await ask(server, 'select 1 as one')).toEqual([{ one: 1 }]);
  });

  it('opens to one of several that ask at once', async () => {
    const asked = await Promise.allSettled([1, 2, 3].map(() => openServer({ dataDir })));
    const opened = asked.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
    for (const server of opened) await server[Symbol.asyncDispose]();
    expect(opened).toHaveLength(1);
  });

  it('may have a path too long for a socket, and nothing of it stays in the temporary directory', async () => {
    const deep = join(home.path, 'd'.repeat(100));
    const server = await openServer({ dataDir: deep });
    const socketDir = new URL(server.adminUrl).searchParams.get('host')!;
    expect(socketDir.startsWith(deep)).toBe(false);
    expect((await stat(socketDir)).mode & 0o777).toBe(0o700);
    await server[Symbol.asyncDispose]();
    await expect(stat(socketDir)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('is made anew when making it was cut short', async () => {
    await mkdir(join(dataDir, 'cluster.partial', 'base'), { recursive: true });
    await chmod(dataDir, 0o711);
    await using server = await openServer({ dataDir });
    expect(await ask(server, 'select 1 as one')).toEqual([{ one: 1 }]);
  });

  (isRoot ? it : it.skip)('behind a directory that the server may not enter is refused, naming that', async () => {
    const closed = join(home.path, 'closed');
    await mkdir(join(closed, 'below'), { recursive: true, mode: 0o700 });
    const opening = openServer({ dataDir: join(closed, 'below', 'data') });
    await expect(opening).rejects.toMatchObject({
      code: 'unreachable_directory',
      message: expect.stringContaining(closed),
    });
  });

  it('that is a file is refused', async () => {
    await writeFile(dataDir, '');
    await expect(openServer({ dataDir })).rejects.toThrow();
  });

  (isRoot ? it : it.skip)('on a full disk is refused as such, and opens when there is room', async () => {
    await mkdir(dataDir);
    await run('mount', ['-t', 'tmpfs', '-o', 'size=12m,mode=711', 'gabion-test', dataDir]);
    try {
      await expect(openServer({ dataDir })).rejects.toMatchObject({ code: 'disk_full' });
      await run('mount', ['-o', 'remount,size=200m', dataDir]);
      await using server = await openServer({ dataDir });
      expect(await ask(server, 'select 1 as one')).toEqual([{ one: 1 }]);
    } finally {
      await run('umount', [dataDir]);
    }
  });
});

describe('when our own process is killed', () => {
  it('its server ends, and the next one opens without loss', async () => {
    const { child, pid } = await serverInChild(dataDir);
    child.kill('SIGKILL');
    await gone(pid);
    await using server = await openServer({ dataDir });
    expect(await ask(server, 'select n from kept')).toEqual([{ n: 1 }]);
  });

  it('a server that stayed behind is stopped and the data opened without loss', async () => {
    // Without setpriv on the PATH the kernel does not end the server with its parent.
    const { child, pid } = await serverInChild(dataDir, { leashed: false });
    child.kill('SIGKILL');
    await gone(child.pid!);
    expect(await isGone(pid)).toBe(false);
    await using server = await openServer({ dataDir });
    expect(await isGone(pid)).toBe(true);
    expect(await ask(server, 'select n from kept')).toEqual([{ n: 1 }]);
  });

  it('together with its server, the next one opens without loss', async () => {
    const { child, pid } = await serverInChild(dataDir, { leashed: false });
    child.kill('SIGKILL');
    process.kill(pid, 'SIGKILL');
    await gone(pid);
    await gone(child.pid!);
    await using server = await openServer({ dataDir });
    expect(await ask(server, 'select n from kept')).toEqual([{ n: 1 }]);
  });
});

(isRoot ? describe : describe.skip)('as an ordinary user', () => {
  it('opens a server of that user', async () => {
    const nobody = 65_534;
    await mkdir(dataDir);
    await chown(dataDir, nobody, nobody);
    const { child, pid } = await serverInChild(dataDir, { uid: nobody });
    expect((await stat(`/proc/${pid}`)).uid).toBe(nobody);
    child.kill('SIGTERM');
    await gone(pid);
  });
});

describe('the binaries of the npm package', () => {
  const native = embeddedPackage();
  const test = native ? it : it.skip;

  test('get their missing library links', async () => {
    const copy = join(home.path, 'package', 'native');
    await cp(native!, copy, { recursive: true, verbatimSymlinks: true });
    await cp(join(dirname(native!), 'package.json'), join(dirname(copy), 'package.json'));
    for (const { target } of JSON.parse(await readFile(join(copy, 'pg-symlinks.json'), 'utf8')) as {
      target: string;
    }[]) {
      await rm(join(dirname(copy), target), { force: true });
    }
    await expect(run(join(copy, 'bin', 'postgres'), ['--version'])).rejects.toThrow('shared libraries');
    const binDir = await embeddedBinDir(copy, join(home.path, 'runtime'), undefined);
    expect(binDir).toBe(join(copy, 'bin'));
    expect((await run(join(binDir, 'postgres'), ['--version'])).stdout).toContain('PostgreSQL');
  });

  (isRoot && native ? it : it.skip)('are copied when the server may not enter their folder', async () => {
    const closed = join(home.path, 'closed');
    const copy = join(closed, 'package', 'native');
    await cp(native!, copy, { recursive: true, verbatimSymlinks: true });
    await cp(join(dirname(native!), 'package.json'), join(dirname(copy), 'package.json'));
    await chmod(closed, 0o700);
    const nobody = { name: 'nobody', uid: 65_534, gid: 65_534 };
    const binDir = await embeddedBinDir(copy, join(home.path, 'runtime'), nobody);
    expect(binDir.startsWith(join(home.path, 'runtime'))).toBe(true);
    const { stdout } = await run(join(binDir, 'postgres'), ['--version'], { uid: nobody.uid, gid: nobody.gid });
    expect(stdout).toContain('PostgreSQL');
  });
});

/** A process of ours that opens a server, writes a row and waits; answers the server's process id as well. */
async function serverInChild(directory: string, options: { uid?: number; leashed?: boolean } = {}) {
  const flags = ['--conditions=source', '--experimental-transform-types', '--disable-warning=ExperimentalWarning'];
  const env = options.leashed === false ? { PATH: await pathWithoutSetpriv() } : { PATH: process.env.PATH };
  const child = spawn(process.execPath, [...flags, join(here, 'server-process.ts'), directory], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env,
    cwd: '/',
    ...(options.uid === undefined ? {} : { uid: options.uid, gid: options.uid }),
  });
  for await (const line of createInterface(child.stdout!)) {
    return { child, pid: (JSON.parse(line) as Pick<PostgresServer, 'pid'>).pid! };
  }
  throw new Error('the process ended before its server was ready');
}

async function pathWithoutSetpriv(): Promise<string> {
  const bin = join(home.path, 'bin');
  await mkdir(bin, { recursive: true });
  const programs = { id: '/usr/bin/id' };
  for (const [name, path] of Object.entries(programs)) await cp(path, join(bin, name));
  return bin;
}

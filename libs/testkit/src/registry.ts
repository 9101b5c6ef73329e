import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { freePort } from './server-process.ts';

/** A registry of the distribution API on a free loopback port, storing in a temporary directory. */
export type TestRegistry = { readonly host: string } & AsyncDisposable;

/** Starts the installed `docker-registry`; with `auth` it asks for that name and password (HTTP Basic). */
export async function registryForTests(options?: {
  auth?: { username: string; password: string };
}): Promise<TestRegistry | { skipped: string }> {
  const binary = await findBinary('docker-registry');
  if (!binary) return { skipped: 'docker-registry is not installed' };
  const directory = await mkdtemp(join(tmpdir(), 'gabion-registry-'));
  // The port is free at this moment; another process may take it first, and then a second try is made.
  for (let attempt = 1; ; attempt++) {
    const host = `127.0.0.1:${await freePort()}`;
    const server = await start(binary, directory, host, options?.auth);
    if (await answers(server, host)) return { host, [Symbol.asyncDispose]: () => stop(server, directory) };
    if (attempt === 3) {
      await rm(directory, { recursive: true, force: true });
      throw new Error('docker-registry does not start');
    }
  }
}

async function start(binary: string, directory: string, host: string, auth?: { username: string; password: string }) {
  const config: Record<string, unknown> = {
    version: '0.1',
    log: { level: 'error', accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: join(directory, 'storage') } },
    http: { addr: host },
  };
  if (auth) {
    await writeFile(join(directory, 'htpasswd'), `${auth.username}:${await bcrypt(auth)}\n`);
    config.auth = { htpasswd: { realm: 'test', path: join(directory, 'htpasswd') } };
  }
  const path = join(directory, 'config.yml');
  // JSON is YAML.
  await writeFile(path, JSON.stringify(config));
  return spawn(binary, ['serve', path], { stdio: 'ignore', env: { PATH: process.env.PATH } });
}

async function bcrypt(auth: { username: string; password: string }): Promise<string> {
  const { default: bcryptjs } = await import('bcryptjs');
  return bcryptjs.hash(auth.password, 4);
}

async function answers(server: ChildProcess, host: string): Promise<boolean> {
  const ended = once(server, 'exit').then(() => true);
  for (let tries = 0; tries < 200; tries++) {
    const isUp = await fetch(`http://${host}/v2/`).then(
      async (response) => {
        await response.arrayBuffer();
        return response.headers.has('docker-distribution-api-version');
      },
      () => false,
    );
    if (isUp) return server.exitCode === null;
    const hasEnded = await Promise.race([ended, new Promise<false>((wake) => setTimeout(wake, 50, false))]);
    if (hasEnded) return false;
  }
  server.kill('SIGKILL');
  return false;
}

async function stop(server: ChildProcess, directory: string): Promise<void> {
  if (server.exitCode === null && server.signalCode === null) {
    const ended = once(server, 'exit');
    server.kill('SIGKILL');
    await ended;
  }
  await rm(directory, { recursive: true, force: true });
}

async function findBinary(name: string): Promise<string | undefined> {
  for (const directory of (process.env.PATH ?? '').split(delimiter)) {
    const path = join(directory, name);
    const isThere = await access(path).then(
      () => true,
      () => false,
    );
    if (isThere) return path;
  }
  return undefined;
}

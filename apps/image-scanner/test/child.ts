import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { ConfigInput } from '../src/config.ts';

/** A replica in a process of its own. */
export class ReplicaProcess implements AsyncDisposable {
  private constructor(readonly child: ChildProcess) {}

  /** With `diskBytes` its data directory is a disk of that size, which nobody else sees. */
  static async start(config: ConfigInput, { diskBytes }: { diskBytes?: number } = {}): Promise<ReplicaProcess> {
    const path = (name: string) => fileURLToPath(new URL(name, import.meta.url));
    const flags = ['--import', path('./typescript.mjs'), '--conditions=source', '--no-experimental-strip-types'];
    const wrapped = diskBytes === undefined ? [] : await onSmallDisk(config.dataDir, diskBytes);
    const [program, ...args] = [...wrapped, process.execPath, ...flags, path('./replica-child.ts')];
    const child = spawn(program!, [...args, JSON.stringify(config)], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, NODE_OPTIONS: '' },
    });
    const line = await Promise.race([once(createInterface({ input: child.stdout! }), 'line'), once(child, 'exit')]);
    if (child.exitCode !== null) throw new Error(`the replica ended by itself with ${line[0]}`);
    return new ReplicaProcess(child);
  }

  /** Kills it with SIGKILL. */
  async kill(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const gone = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await gone;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.kill();
  }
}

// Root sees the files of PostgreSQL's own user only as long as it stays the root of the whole machine.
const ownMounts = process.getuid?.() === 0 ? ['unshare', '-m'] : ['unshare', '-rm'];

/** Why this machine cannot give a process a disk of its own; undefined where it can. */
export function smallDisksMissing(): string | undefined {
  const mount = 'mount -t tmpfs -o size=1m tmpfs /tmp';
  const [program, ...args] = [...ownMounts, 'sh', '-c', mount];
  return spawnSync(program!, args, { stdio: 'ignore' }).status === 0 ? undefined : 'no mounts without privileges here';
}

/** The command that runs another one with a disk of its own at `directory`. */
async function onSmallDisk(directory: string, bytes: number): Promise<string[]> {
  await mkdir(directory, { recursive: true });
  const mount = `mount -t tmpfs -o size=${bytes} tmpfs "$0" && exec "$@"`;
  return [...ownMounts, 'sh', '-c', mount, directory];
}

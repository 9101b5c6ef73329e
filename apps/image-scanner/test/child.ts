import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { ConfigInput } from '../src/config.ts';

/** A replica in a process of its own. */
export class ReplicaProcess implements AsyncDisposable {
  private constructor(readonly child: ChildProcess) {}

  static async start(config: ConfigInput): Promise<ReplicaProcess> {
    const path = (name: string) => fileURLToPath(new URL(name, import.meta.url));
    const flags = ['--import', path('./typescript.mjs'), '--conditions=source', '--no-experimental-strip-types'];
    const child = spawn(process.execPath, [...flags, path('./replica-child.ts'), JSON.stringify(config)], {
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

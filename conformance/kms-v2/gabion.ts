import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { ApiServer } from './api-server.ts';
import type { Behind } from './api-server-scenarios.ts';
import type { Hooks } from './hooks.ts';

const main = join(import.meta.dirname, '../../apps/gabion/dist/main.js');
const cluster = 'conformance';

/** A platform of our own with a cluster and its plugin, as its users start them. */
export class Gabion implements AsyncDisposable, Behind {
  readonly socket: string;
  readonly #env: NodeJS.ProcessEnv;
  #plugin: ChildProcess | undefined;
  #etcd = '';

  private constructor(directory: string) {
    this.socket = join(directory, 'kms.sock');
    this.#env = { ...process.env, GABION_DATA: join(directory, 'data'), GABION_ADVISORY_UPDATES: 'off' };
  }

  static async start(directory: string): Promise<Gabion> {
    // As root, PostgreSQL runs as somebody else.
    chmodSync(directory, 0o711);
    const gabion = new Gabion(directory);
    await gabion.#run(
      'up',
      '--detach',
      '--port',
      '0',
      '--grpc-port',
      '0',
      '--services',
      'identity,kms-secrets,gateway',
    );
    await gabion.#run('clusters', 'add', cluster);
    await gabion.#startPlugin();
    return gabion;
  }

  /** Tells the platform which API server it is. */
  async prepare(server: ApiServer): Promise<void> {
    this.#etcd = server.etcdUrl;
    const added = execFile(
      process.execPath,
      [main, 'clusters', 'add', cluster, '--resources', server.resource, '--kubeconfig', '-'],
      { env: this.#env },
    );
    added.stdin?.end(server.kubeconfig());
    const [code] = await once(added, 'exit');
    if (code !== 0) throw new Error(`gabion clusters add ended with ${code}`);
  }

  async configuration(): Promise<string> {
    return this.#run('clusters', 'config', cluster, '--endpoint', `unix://${this.socket}`);
  }

  readonly hooks: Hooks = {
    rotate: async () => void (await this.#run('keys', 'rotate', `cluster-${cluster}`)),
    disable: async () => void (await this.#run('clusters', 'suspend', cluster)),
    enable: async () => void (await this.#run('clusters', 'resume', cluster)),
    restart: async () => {
      await this.#killPlugin();
      await this.#startPlugin();
    },
    migrate: async () => {
      console.log(await this.#run('clusters', 'migrate', cluster));
      console.log(await this.#run('clusters', 'evidence', cluster, '--etcd', this.#etcd));
    },
  };

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#killPlugin();
    await this.#run('down').catch(() => {});
  }

  async #startPlugin(): Promise<void> {
    // Left by the one that was killed.
    rmSync(this.socket, { force: true });
    const args = [main, 'kms-plugin', '--cluster', cluster, '--node', 'cp-1', '--socket', this.socket];
    this.#plugin = spawn(process.execPath, args, { env: this.#env, stdio: 'ignore' });
    for (let round = 0; round < 100 && !existsSync(this.socket); round++) await pause(100);
  }

  /** kill -9: nothing is said to anybody. */
  async #killPlugin(): Promise<void> {
    const plugin = this.#plugin;
    if (!plugin || plugin.exitCode !== null) return;
    const ended = once(plugin, 'exit');
    plugin.kill('SIGKILL');
    await ended;
  }

  async #run(...args: string[]): Promise<string> {
    const { stdout } = await promisify(execFile)(process.execPath, [main, ...args], { env: this.#env });
    return stdout;
  }
}

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../dist/main.js', import.meta.url));

/** What a command of the built command line ended with. */
export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** A data directory of its own, and the commands on it; disposing stops what still runs. */
export class CommandLine implements AsyncDisposable {
  readonly dataDir: string;
  readonly #running = new Set<ChildProcess>();

  private constructor(dataDir: string) {
    this.dataDir = dataDir;
  }

  static async open(): Promise<CommandLine> {
    return new CommandLine(await mkdtemp(join(tmpdir(), 'gabion-cli-')));
  }

  /** Starts a command and answers its process. */
  start(args: readonly string[], env: Record<string, string> = {}): ChildProcess {
    const child = spawn(process.execPath, [main, ...args], {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...withoutSettings(process.env), GABION_DATA: this.dataDir, GABION_ADVISORY_UPDATES: 'off', ...env },
    });
    child.stdout!.setEncoding('utf8');
    child.stderr!.setEncoding('utf8');
    this.#running.add(child);
    child.once('exit', () => this.#running.delete(child));
    return child;
  }

  /** Runs a command to its end, with `input` on its standard input. */
  async run(args: readonly string[], env: Record<string, string> = {}, input = ''): Promise<Ended> {
    const child = this.start(args, env);
    let out = '';
    let err = '';
    child.stdout!.on('data', (text: string) => (out += text));
    child.stderr!.on('data', (text: string) => (err += text));
    child.stdin!.end(input);
    const [code] = (await once(child, 'close')) as [number | null];
    return { code, out, err };
  }

  /** Starts the platform on free ports and waits until it is ready. */
  async up(...more: string[]): Promise<Up> {
    const child = this.start(['up', '--port', '0', '--grpc-port', '0', ...more]);
    let out = '';
    let log = '';
    child.stderr!.on('data', (text: string) => (log += text));
    const url = await new Promise<string>((resolve, reject) => {
      child.stdout!.on('data', (text: string) => {
        out += text;
        const [, ready] = /Gabion is ready at (\S+)/.exec(out) ?? [];
        if (ready) resolve(ready);
      });
      child.once('exit', (code) => reject(new Error(`up ended with ${code}: ${log}`)));
    });
    const holder = JSON.parse(await readFile(join(this.dataDir, 'holder.json'), 'utf8')) as { grpc: string };
    const token = (await readFile(join(this.dataDir, 'secrets', 'administrator.token'), 'utf8')).trim();
    return { url, grpc: holder.grpc, token, pid: child.pid!, process: child, out: () => out, log: () => log };
  }

  /** Processes of this machine that belong to the data directory, the platform's own and PostgreSQL's. */
  async processes(): Promise<number[]> {
    const found: number[] = [];
    for (const name of await readdir('/proc')) {
      if (!/^\d+$/.test(name) || Number(name) === process.pid) continue;
      const facts = await Promise.all(
        ['cmdline', 'environ'].map((file) => readFile(`/proc/${name}/${file}`, 'utf8').catch(() => '')),
      );
      if (facts.some((text) => text.includes(this.dataDir))) found.push(Number(name));
    }
    return found;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(
      [...this.#running].map(async (child) => {
        const ended = once(child, 'exit');
        child.kill('SIGTERM');
        await ended;
      }),
    );
    await rm(this.dataDir, { recursive: true, force: true });
  }
}

/** A platform that is up. */
export interface Up {
  readonly url: string;
  readonly grpc: string;
  readonly token: string;
  readonly pid: number;
  readonly process: ChildProcess;
  /** What it has said on standard output, and logged, so far. */
  out(): string;
  log(): string;
}

/** Settings of whoever runs the tests must not reach the platform under test. */
function withoutSettings(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(env).filter(([name]) => !name.startsWith('GABION_') && !/^NODE_OPTIONS$|^JEST_|^npm_/.test(name)),
  );
}

/** Ends a process and answers how long that took. */
export async function endedBy(
  signal: NodeJS.Signals,
  child: ChildProcess,
): Promise<{ code: number | null; ms: number }> {
  const began = performance.now();
  const ended = once(child, 'exit');
  child.kill(signal);
  const [code] = (await ended) as [number | null];
  return { code, ms: performance.now() - began };
}

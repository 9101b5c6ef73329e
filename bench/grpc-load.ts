import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

/** A unary call that is made again and again. Metadata of keys with "-bin" are bytes. */
export interface LoadedCall {
  readonly method: string;
  readonly request: Uint8Array;
  readonly metadata?: Readonly<Record<string, string | Uint8Array>>;
}

/** What conformance/kms-v2/apiserver/load saw: a client in Go, so that no pause of it counts. */
export interface Seen {
  readonly calls: number;
  readonly perSecond: number;
  readonly p99Ms: number;
  readonly failed: number;
  readonly failure: string;
}

export interface Pace {
  readonly seconds: number;
  /** Calls a second, whether or not earlier ones have ended; as many as can be when absent. */
  readonly rate?: number;
  readonly inFlight?: number;
}

/** Builds the load into `directory`; needs Go. */
export function builtLoad(directory: string): string {
  const load = join(directory, 'load');
  const module = join(import.meta.dirname, '../conformance/kms-v2/apiserver');
  execFileSync('go', ['build', '-o', load, './load'], { cwd: module, stdio: ['ignore', 'ignore', 'inherit'] });
  return load;
}

/** Leaves the first core to what is measured: this process, and all that it starts from here on, has the second. */
export function leaveFirstCore(): void {
  execFileSync('taskset', ['-acp', '1', `${process.pid}`], { stdio: 'ignore' });
}

/** A server on the first core by itself. */
export class MeasuredServer implements Disposable {
  readonly socket: string;
  readonly #child: ChildProcess;

  private constructor(socket: string, child: ChildProcess) {
    this.socket = socket;
    this.#child = child;
  }

  /** Starts `node command…`, which is to listen at `socket`. */
  static async start(command: readonly string[], socket: string, env = process.env): Promise<MeasuredServer> {
    const child = spawn('taskset', ['-c', '0', process.execPath, ...command], {
      env,
      // Logs of each call are part of what is measured, but not of what is read.
      stdio: 'ignore',
    });
    for (let round = 0; round < 600 && !existsSync(socket) && child.exitCode === null; round++) await pause(100);
    if (!existsSync(socket)) throw new Error(`nothing listens at ${socket}`);
    return new MeasuredServer(socket, child);
  }

  get residentMiB(): number {
    return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${this.#child.pid}/status`, 'utf8'))?.[1]) / 1024;
  }

  /** Calls, and the processor time that the server took for each, in µs: what a busy machine does not change much. */
  under(load: string, call: LoadedCall, { seconds, rate = 0, inFlight = 64 }: Pace): Seen & { cpuUs: number } {
    const before = this.#cpuMs;
    const metadata = Object.entries(call.metadata ?? {}).map(([key, value]) => [
      key,
      typeof value === 'string' ? value : Buffer.from(value).toString('base64'),
    ]);
    const args = ['-socket', this.socket, '-method', call.method, '-seconds', `${seconds}`, '-rate', `${rate}`];
    const message = ['-request', Buffer.from(call.request).toString('base64')];
    const header = ['-metadata', JSON.stringify(Object.fromEntries(metadata)), '-in-flight', `${inFlight}`];
    const seen: Seen = JSON.parse(execFileSync(load, [...args, ...message, ...header], { encoding: 'utf8' }));
    if (seen.failed > 0) console.log(`${seen.failed} calls failed: ${seen.failure}`);
    return { ...seen, cpuUs: ((this.#cpuMs - before) * 1000) / seen.calls };
  }

  get #cpuMs(): number {
    const [, fields = ''] = readFileSync(`/proc/${this.#child.pid}/stat`, 'utf8').split(') ');
    const [user, system] = fields.split(' ').slice(11, 13).map(Number) as [number, number];
    // In hundredths of a second: USER_HZ of Linux.
    return (user + system) * 10;
  }

  [Symbol.dispose](): void {
    this.#child.kill('SIGKILL');
  }
}

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Database, openDatabase } from '@gabion/postgres/database';
import { type Connection, connect } from '@gabion/rpc/client';
import { testDatabase } from '@gabion/testkit/postgres';
import { credentials } from '@grpc/grpc-js';

/** An image scanner in a process of its own, on a fresh database. */
export interface BenchScanner extends AsyncDisposable {
  readonly connection: Connection;
  readonly db: Database;
  /** Resident memory now, in MB. */
  rssMb(): number;
  /** Highest resident memory since the last `forgetPeak`, in MB. */
  peakMb(): number;
  forgetPeak(): void;
}

/** Starts it from the built packages; `postgresUrl` lets several share a database. */
export async function startScanner(
  more: { readonly postgresUrl?: string; readonly layerThreads?: number; readonly workers?: number } = {},
): Promise<BenchScanner> {
  await using stack = new AsyncDisposableStack();
  const directory = await mkdtemp(join(tmpdir(), 'gabion-bench-'));
  stack.defer(() => rm(directory, { recursive: true, force: true }));
  const url = more.postgresUrl ?? stack.use(await testDatabase({ database: true })).url;
  const config = {
    listen: `unix:${join(directory, 'scanner.sock')}`,
    bus: { kind: 'postgres', logs: { 'image-scanner': url } },
    dataDir: join(directory, 'data'),
    logLevel: 'warn',
    advisoryUpdates: false,
    ...more,
    postgresUrl: url,
  };
  const child = fork(join(import.meta.dirname, 'scanner-part.ts'), [JSON.stringify(config)]);
  stack.defer(() => ended(child));
  const failed = once(child, 'exit').then(() => Promise.reject(new Error('the scanner did not start')));
  const [address] = (await Promise.race([once(child, 'message'), failed])) as [string];
  failed.catch(() => {});
  const connection = stack.use(connect({ address, as: 'gateway', credentials: credentials.createInsecure() }));
  const db = stack.use(openDatabase(url));
  const all = stack.move();
  return {
    connection,
    db,
    rssMb: () => memoryMb(child, 'VmRSS'),
    peakMb: () => memoryMb(child, 'VmHWM'),
    // proc(5): resets the peak resident set size.
    forgetPeak: () => writeFileSync(`/proc/${child.pid}/clear_refs`, '5'),
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}

async function ended(child: ChildProcess): Promise<void> {
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}

function memoryMb(child: ChildProcess, field: 'VmRSS' | 'VmHWM'): number {
  const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
  return Math.round(Number(new RegExp(`${field}:\\s+(\\d+)`).exec(status)![1]) / 1024);
}

/** The value below which the share `p` of the sorted values lies. */
export function percentile(values: readonly number[], p: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * p))]!;
}

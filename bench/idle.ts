// How soon the platform is ready and what it costs while nobody asks it for anything: `node bench/idle.ts [seconds]`.
// Runs the built command line on a data directory of its own, with the embedded PostgreSQL and bus.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const seconds = Number(process.argv[2] ?? 60);
const entry = fileURLToPath(new URL('../gabion', import.meta.url));
/** Kernel clock ticks a second, sysconf(_SC_CLK_TCK); 100 on every Linux that Node.js runs on. */
const ticks = 100;

const dataDir = await mkdtemp(join(tmpdir(), 'gabion-idle-'));
try {
  const first = await up();
  console.log(`first start:  ready in ${first.seconds.toFixed(1)} s (new data directory)`);
  await stop(first.process);
  const second = await up();
  console.log(`warm start:   ready in ${second.seconds.toFixed(1)} s`);
  // Start-up work (compilation, first statistics of PostgreSQL) is no idling.
  await delay(20_000);
  const before = await costs(second.process.pid!);
  await delay(seconds * 1000);
  const after = await costs(second.process.pid!);
  const share = ((after.ticks - before.ticks) / ticks / seconds) * 100;
  console.log(
    `idle memory:  ${after.rssMb.toFixed(0)} MB RSS in ${after.processes} processes (${after.pssMb.toFixed(0)} MB PSS, shared pages counted once)`,
  );
  console.log(`idle CPU:     ${share.toFixed(1)} % of one core over ${seconds} s`);
  const began = performance.now();
  await stop(second.process);
  console.log(`stop:         ${((performance.now() - began) / 1000).toFixed(1)} s`);
} finally {
  await rm(dataDir, { recursive: true, force: true });
}

async function up(): Promise<{ process: ChildProcess; seconds: number }> {
  const began = performance.now();
  const args = ['up', '--data', dataDir, '--port', '0', '--grpc-port', '0', '--log-level', 'warn'];
  const child = spawn(entry, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  for await (const text of child.stdout) if (String(text).includes('Gabion is ready')) break;
  return { process: child, seconds: (performance.now() - began) / 1000 };
}

async function stop(child: ChildProcess): Promise<void> {
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await ended;
}

/** What the process and all below it have used so far, and hold now. */
async function costs(root: number) {
  const parents = new Map<number, number>();
  for (const name of await readdir('/proc')) {
    const fields = /^\d+$/.test(name) ? await statOf(Number(name)) : undefined;
    if (fields) parents.set(Number(name), Number(fields[1]));
  }
  const pids = [root];
  for (const pid of pids) for (const [child, parent] of parents) if (parent === pid) pids.push(child);
  const each = await Promise.all(pids.map(costOf));
  const sum = (key: keyof (typeof each)[number]) => each.reduce((total, cost) => total + cost[key], 0);
  return { processes: pids.length, ticks: sum('ticks'), rssMb: sum('rssKb') / 1024, pssMb: sum('pssKb') / 1024 };
}

async function costOf(pid: number) {
  const fields = (await statOf(pid)) ?? [];
  const memory = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8').catch(() => '');
  const kb = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(memory)?.[1] ?? 0);
  // utime and stime, fields 14 and 15 of proc(5).
  return { ticks: Number(fields[11] ?? 0) + Number(fields[12] ?? 0), rssKb: kb('Rss'), pssKb: kb('Pss') };
}

/** Fields of /proc/<pid>/stat from the state (3) on. */
async function statOf(pid: number): Promise<string[] | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
}

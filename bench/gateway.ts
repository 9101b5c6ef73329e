// Throughput and latency of REST → gRPC through the gateway, against a bare Fastify handler that calls the same gRPC
// method with the same client and answers the same JSON, without authentication, limits, log, metrics or trace. Load,
// gateway, bare handler and services are a process each, so that none shares an event loop; the two are driven in turn,
// in short rounds, so that whatever else the machine does meets both:
//   node --conditions=source --experimental-transform-types bench/gateway.ts
import { type ChildProcess, fork } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { load, type Measured } from './http-load.ts';

interface Part {
  readonly child: ChildProcess;
  readonly url: string;
}

/** CPU seconds of a process each: the two servers', that of the services behind them and that of the load. */
type Cpu = Readonly<Record<'gateway' | 'bare' | 'services' | 'load', number>>;

/** One round of each, the CPU seconds of all in the gateway's round, and those of the bare handler in its own. */
interface Round {
  readonly bare: Measured;
  readonly gateway: Measured;
  readonly cpu: Cpu;
}

const seconds = Number(process.env.BENCH_SECONDS ?? 2);
const rounds = Number(process.env.BENCH_ROUNDS ?? 7);
const connections = 32;
const directory = await mkdtemp(join(tmpdir(), 'gabion-bench-'));
const services = await part('services');
const gateway = await part('gateway');
const bare = await part('bare');

try {
  await checkSameAnswer();
  await round();
  const busyBefore = loadavg()[0]!;
  const full = await several(() => round());
  const half = median(full.map((each) => each.gateway.perSecond)) / 2;
  const paced = await several(() => round(half));
  const answers = [...full, ...paced].flatMap((each) => [each.bare, each.gateway]);
  const report = {
    throughput: {
      gateway: Math.round(median(full.map((each) => each.gateway.perSecond))),
      bare: Math.round(median(full.map((each) => each.bare.perSecond))),
      ratio: round2(median(full.map((each) => each.gateway.perSecond / each.bare.perSecond))),
      ratios: full.map((each) => round2(each.gateway.perSecond / each.bare.perSecond)),
      wanted: '>= 0.6',
    },
    cores: coresOf(full),
    cpuMicrosPerRequest: cpuMicrosOf(full),
    latencyMs: {
      at: `${Math.round(half)}/s`,
      p50: compared(paced, 'p50Ms'),
      p99: { ...compared(paced, 'p99Ms'), wanted: 'added <= 3' },
    },
    coresAtHalf: coresOf(paced),
    failed: answers.reduce((sum, each) => sum + each.failed, 0),
    loadAverage: { before: round2(busyBefore), after: round2(loadavg()[0]!) },
  };
  console.log(JSON.stringify(report, null, 2));
} finally {
  for (const each of [gateway, bare, services]) each.child.disconnect();
  await rm(directory, { recursive: true, force: true });
}

/** Starts one part in a process of its own and waits until it answers. */
async function part(name: string): Promise<Part> {
  const child = fork(fileURLToPath(new URL('./gateway-parts.ts', import.meta.url)), [name, directory]);
  const url = await new Promise<string>((resolve, reject) => {
    child.once('message', (message) => resolve(String(message)));
    child.once('exit', (code) => reject(new Error(`${name} ended with ${code}`)));
  });
  return { child, url };
}

/** Neither may have it easier: both must answer the same bytes. */
async function checkSameAnswer(): Promise<void> {
  const headers = { authorization: 'Bearer gbn_benchmark0001' };
  const [one, other] = await Promise.all(
    [gateway, bare].map(async ({ url }) => (await fetch(url, { headers })).text()),
  );
  if (one !== other) throw new Error(`the gateway answers ${one}, the bare handler ${other}`);
}

async function several(run: () => Promise<Round>): Promise<Round[]> {
  const done: Round[] = [];
  while (done.length < rounds) done.push(await run());
  return done;
}

async function round(perSecond?: number): Promise<Round> {
  const drive = ({ url }: Part) => load({ url, connections, seconds, perSecond });
  const atFirst = cpuSeconds();
  const first = await drive(bare);
  const before = cpuSeconds();
  const second = await drive(gateway);
  const after = cpuSeconds();
  const cpu = {
    gateway: after.gateway - before.gateway,
    bare: before.bare - atFirst.bare,
    services: after.services - before.services,
    load: after.load - before.load,
  };
  return { bare: first, gateway: second, cpu };
}

/** proc(5): utime and stime, in hundredths of a second. */
function cpuSeconds(): Cpu {
  const of = (pid: number) => {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
    return (Number(fields[11]) + Number(fields[12])) / 100;
  };
  const [one, other, third] = [gateway, bare, services].map(({ child }) => of(child.pid!)) as [number, number, number];
  return { gateway: one, bare: other, services: third, load: of(process.pid) };
}

/** Which share of a core each took in the gateway's rounds: the one at 1 is what held the others up. */
function coresOf(done: readonly Round[]): object {
  const of = (name: keyof Cpu) => round2(median(done.map(({ cpu }) => cpu[name] / seconds)));
  return { gateway: of('gateway'), services: of('services'), load: of('load') };
}

/** What a request costs each of the two; unlike throughput, this hardly asks what else the machine does. */
function cpuMicrosOf(done: readonly Round[]): object {
  const of = (name: 'gateway' | 'bare') =>
    median(done.map((each) => (each.cpu[name] * 1e6) / (each[name].perSecond * seconds)));
  const [one, other] = [of('gateway'), of('bare')];
  return { gateway: Math.round(one), bare: Math.round(other), ratio: round2(other / one) };
}

function compared(done: readonly Round[], what: 'p50Ms' | 'p99Ms'): object {
  return {
    gateway: round2(median(done.map((each) => each.gateway[what]))),
    bare: round2(median(done.map((each) => each.bare[what]))),
    added: round2(median(done.map((each) => each.gateway[what] - each.bare[what]))),
  };
}

function median(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)]!;
}

function round2(value: number): number {
  return Math.round(value * 100) / 100;
}

// Throughput and latency of REST → gRPC through the gateway, against a bare Fastify handler that calls the same gRPC
// method. Three processes, so that load, servers and services do not share an event loop:
//   node --conditions=source --experimental-transform-types bench/gateway.ts
import { type ChildProcess, fork } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { load, type Measured } from './http-load.ts';

const roundsS = Number(process.env.BENCH_SECONDS ?? 4);
const connections = 32;
const directory = await mkdtemp(join(tmpdir(), 'gabion-bench-'));
const services = await part('services', directory);
const gateway = await part('gateway', directory);
const bare = await part('bare', directory);

try {
  const drive = (url: string, perSecond?: number) => load({ url, connections, seconds: roundsS, perSecond });
  await drive(gateway.url);
  await drive(bare.url);
  const rounds: { gateway: Measured; bare: Measured }[] = [];
  for (let round = 0; round < 3; round++)
    rounds.push({ bare: await drive(bare.url), gateway: await drive(gateway.url) });
  const perSecond = {
    gateway: median(rounds.map((each) => each.gateway.perSecond)),
    bare: median(rounds.map((each) => each.bare.perSecond)),
  };
  const half = perSecond.gateway / 2;
  const paced: { gateway: Measured; bare: Measured }[] = [];
  for (let round = 0; round < 3; round++)
    paced.push({ bare: await drive(bare.url, half), gateway: await drive(gateway.url, half) });
  const p99 = {
    gateway: median(paced.map((each) => each.gateway.p99Ms)),
    bare: median(paced.map((each) => each.bare.p99Ms)),
  };
  const failed = [...rounds, ...paced].reduce((sum, each) => sum + each.bare.failed + each.gateway.failed, 0);
  console.log(
    JSON.stringify(
      {
        throughput: { ...rounded(perSecond), ratio: round2(perSecond.gateway / perSecond.bare), wanted: '>= 0.6' },
        p99Ms: { ...rounded(p99), added: round2(p99.gateway - p99.bare), at: `${Math.round(half)}/s`, wanted: '<= 3' },
        failed,
      },
      null,
      2,
    ),
  );
} finally {
  for (const each of [gateway, bare, services]) each.child.disconnect();
  await rm(directory, { recursive: true, force: true });
}

/** Starts one part in a process of its own and waits until it answers. */
async function part(name: string, dir: string): Promise<{ child: ChildProcess; url: string }> {
  const child = fork(fileURLToPath(new URL('./gateway-parts.ts', import.meta.url)), [name, dir]);
  const url = await new Promise<string>((resolve, reject) => {
    child.once('message', (message) => resolve(String(message)));
    child.once('exit', (code) => reject(new Error(`${name} ended with ${code}`)));
  });
  return { child, url };
}

function median(values: number[]): number {
  return values.sort((one, other) => one - other)[Math.floor(values.length / 2)]!;
}

function round2(value: number): number {
  return Math.round(value * 100) / 100;
}

function rounded(values: { gateway: number; bare: number }): object {
  return { gateway: round2(values.gateway), bare: round2(values.bare) };
}

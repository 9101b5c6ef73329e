// Publishing and consuming over the embedded log and over Kafka, in one run on real servers:
//   node --experimental-transform-types --conditions=source bench/events.ts [--seconds 10] [--only postgres|kafka] [--load paced|single|batched]
// Prints one JSON line per measurement.
import { parseArgs } from 'node:util';
import { ScanFailedSchema } from '@gabion/contracts/gabion/scan/v1/events_pb';
import { type BusConfig, openBus } from '@gabion/events/bus';
import { publishAll } from '@gabion/events/publish';
import { type Database, openDatabase } from '@gabion/postgres/database';
import { createLog } from '@gabion/telemetry/log';
import { kafkaForTests } from '@gabion/testkit/kafka';
import { testDatabase } from '@gabion/testkit/postgres';

const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '10' }, only: { type: 'string' }, load: { type: 'string' } },
});
const seconds = Number(values.seconds);
const log = createLog({ service: 'bench', level: 'error' });
// Bodies of about 430 bytes, keys of about 30.
const padding = 'x'.repeat(370);

if (values.only !== 'kafka') await measure('postgres', (url) => ({ kind: 'postgres', logs: { 'image-scanner': url } }));
if (values.only !== 'postgres') {
  const kafka = await kafkaForTests();
  if ('skipped' in kafka) console.log(JSON.stringify({ bus: 'kafka', skipped: kafka.skipped }));
  else {
    await measure('kafka', () => ({ kind: 'kafka', brokers: kafka.brokers }));
    await kafka[Symbol.asyncDispose]();
  }
}

async function measure(bus: string, configOf: (url: string) => BusConfig): Promise<void> {
  const loads = [
    { name: 'paced', publishers: 8, perTransaction: 1, pauseMs: 20 },
    { name: 'single', publishers: 8, perTransaction: 1, pauseMs: 0 },
    { name: 'batched', publishers: 4, perTransaction: 100, pauseMs: 0 },
  ];
  const chosen = loads.filter(({ name }) => !values.load || values.load === name);
  for (const load of chosen) console.log(JSON.stringify({ bus, ...load, ...(await run(configOf, load)) }));
}

interface Load {
  readonly publishers: number;
  readonly perTransaction: number;
  readonly pauseMs: number;
}

async function run(configOf: (url: string) => BusConfig, { publishers, perTransaction, pauseMs }: Load) {
  await using scanner = await testDatabase({ database: true });
  await using reader = await testDatabase({ database: true });
  await using db = openDatabase(scanner.url, { maxConnections: 12 });
  await using readerDb = openDatabase(reader.url, { maxConnections: 12 });
  const config = configOf(scanner.url);
  await using _publishing = await openBus({ service: 'image-scanner', db, config, log });
  await using consuming = await openBus({ service: 'identity', db: readerDb, config, log });

  const latencies: number[] = [];
  let received = 0;
  const group = `bench-${Date.now()}`;
  await consuming.consume({
    group,
    schema: ScanFailedSchema,
    from: 'latest',
    batch: 1_000,
    handle: async ({ message }) => {
      received++;
      latencies.push(now() - Number(message.scanId) / 1_000);
    },
  });
  await publishFor(db, 1, 1, 1, 20);
  await until(() => received > 0);
  await new Promise((resolve) => setTimeout(resolve, 500));

  latencies.length = received = 0;
  const cpu = process.cpuUsage();
  const begin = now();
  const published = await publishFor(db, seconds, publishers, perTransaction, pauseMs);
  const publishedAt = now();
  await until(() => received >= published);
  const ended = now();
  const { user, system } = process.cpuUsage(cpu);
  latencies.sort((a, b) => a - b);
  const at = (share: number) => Math.round(latencies[Math.floor(latencies.length * share)]! * 10) / 10;
  return {
    events: published,
    publishedPerSecond: Math.round((published / (publishedAt - begin)) * 1_000),
    endToEndPerSecond: Math.round((published / (ended - begin)) * 1_000),
    p50Ms: at(0.5),
    p99Ms: at(0.99),
    nodeCpuMicrosPerEvent: Math.round((user + system) / published),
  };
}

/** The publishers' only load is the events; the time of publishing travels in them, in microseconds. */
async function publishFor(
  db: Database,
  forSeconds: number,
  publishers: number,
  perTransaction: number,
  pauseMs: number,
) {
  const end = now() + forSeconds * 1_000;
  let count = 0;
  const one = async (publisher: number) => {
    while (now() < end) {
      const events = Array.from({ length: perTransaction }, (_, n) => ({
        scanId: `${Math.round(now() * 1_000)}`,
        target: `registry.test/image-${publisher}-${n % 16}`,
        error: { code: 'bench', message: padding },
      }));
      await db.transaction((tx) => publishAll(tx, ScanFailedSchema, events));
      count += perTransaction;
      if (pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  };
  await Promise.all(Array.from({ length: publishers }, (_, publisher) => one(publisher)));
  return count;
}

function now(): number {
  return performance.timeOrigin + performance.now();
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5));
}

import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fromBinary } from '@bufbuild/protobuf';
import { type ImageScanned, ImageScannedSchema } from '@gabion/contracts/gabion/scan/v1/events_pb';
import { FindingKind, ScanService, ScanState } from '@gabion/contracts/gabion/scan/v1/scans_pb';
import { connect } from '@gabion/rpc/client';
import { buildImage, pushImage } from '@gabion/testkit/images';
import { kafkaForTests } from '@gabion/testkit/kafka';
import { registryForTests } from '@gabion/testkit/registry';
import { credentials } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type IHeaders, Kafka, logLevel } from 'kafkajs';
import pg from 'pg';
import { CommandLine, type Up } from './command-line.ts';
import { advisories, vulnerableImage } from './vulnerable-image.ts';

const registry = await registryForTests();
const kafka = await kafkaForTests();
const auth = (up: Up) => ({ authorization: `Bearer ${up.token}` });

let feed: string;
const image = buildImage(vulnerableImage);

beforeAll(async () => {
  feed = await mkdtemp(join(tmpdir(), 'gabion-feed-'));
  await advisories(feed);
  if ('host' in registry) await pushImage(registry.host, 'shop/web', '1.0', image);
});

afterAll(async () => {
  await rm(feed, { recursive: true, force: true });
  if ('host' in registry) await registry[Symbol.asyncDispose]();
  if ('brokers' in kafka) await kafka[Symbol.asyncDispose]();
});

const lacking = 'skipped' in registry ? registry.skipped : undefined;
const lackingKafka = lacking ?? ('skipped' in kafka ? kafka.skipped : undefined);

describe('an image in a registry, scanned end to end', () => {
  (lackingKafka ? it.skip : it)(`over Kafka${lackingKafka ? ` (${lackingKafka})` : ''}`, async () => {
    if ('skipped' in kafka) return;
    const bus = new Kafka({ brokers: kafka.brokers, logLevel: logLevel.NOTHING });
    await using gabion = await CommandLine.open();
    const up = await gabion.up('--kafka', kafka.brokers.join(','));
    const { traceId, scanId } = await scansByRestAndReadsByGrpc(gabion, up);

    const { event, headers } = await eventOf(bus, scanId);
    expect(event).toMatchObject({ imageDigest: image.manifest.digest, severityCounts: { critical: 1 } });
    expect(headers).toMatchObject({
      ce_specversion: '1.0',
      ce_type: 'gabion.scan.v1.ImageScanned',
      ce_source: '/gabion/image-scanner',
      ce_subject: image.manifest.digest,
      'content-type': 'application/protobuf',
    });
    expect(headers.ce_id).toMatch(/^[0-9a-f-]{36}$/);
    expect(headers.traceparent).toContain(traceId);
  });

  (lacking ? it.skip : it)(`on embedded defaults${lacking ? ` (${lacking})` : ''}`, async () => {
    await using gabion = await CommandLine.open();
    const up = await gabion.up();
    const { traceId, scanId } = await scansByRestAndReadsByGrpc(gabion, up);

    const { rows } = await query(
      await scannerUrl(gabion),
      `select body, headers from events.log where topic = 'image.scanned'`,
    );
    expect(rows).toHaveLength(1);
    expect(fromBinary(ImageScannedSchema, rows[0].body).scanId).toBe(scanId);
    expect(rows[0].headers.traceparent).toContain(traceId);
  });
});

/** The slice itself: advisories in, a scan through REST, the same scan and its findings read by gRPC. */
async function scansByRestAndReadsByGrpc(gabion: CommandLine, up: Up): Promise<{ traceId: string; scanId: string }> {
  if ('skipped' in registry) throw new Error(registry.skipped);
  expect(await gabion.run(['advisories', 'import', feed, '--source', 'osv'])).toMatchObject({ code: 0 });

  const traceId = randomBytes(16).toString('hex');
  const created = await fetch(`${up.url}/v1/scans`, {
    method: 'POST',
    headers: {
      ...auth(up),
      'content-type': 'application/json',
      traceparent: `00-${traceId}-${randomBytes(8).toString('hex')}-01`,
    },
    body: JSON.stringify({ image: `${registry.host}/shop/web:1.0` }),
  });
  expect({ status: created.status, trace: created.headers.get('trace-id') }).toEqual({ status: 200, trace: traceId });
  const { id: scanId } = (await created.json()) as { id: string };

  const scan = await endedByRest(up, scanId);
  expect(scan).toMatchObject({ state: 'SCAN_STATE_SUCCEEDED', imageDigest: image.manifest.digest, packageCount: 1 });

  using connection = connect({ address: up.grpc, as: 'test', credentials: credentials.createInsecure() });
  const scans = connection.client(ScanService);
  expect(await scans.getScan({ id: scanId }, { token: up.token })).toMatchObject({
    state: ScanState.SUCCEEDED,
    imageDigest: image.manifest.digest,
    operatingSystem: { id: 'debian', version: '12' },
  });
  const { findings } = await scans.listFindings(
    { scanId, filter: { kinds: [FindingKind.VULNERABILITY] } },
    { token: up.token },
  );
  expect(findings).toMatchObject([
    { vulnerabilityId: 'CVE-2022-3602', package: { name: 'openssl', version: '3.0.5' } },
  ]);

  const traced = up
    .log()
    .split('\n')
    .filter((line) => line.includes(traceId))
    .map((line) => JSON.parse(line) as { service: string });
  expect(new Set(traced.map(({ service }) => service))).toEqual(new Set(['gateway', 'image-scanner']));
  return { traceId, scanId };
}

/** Follows the scan by server-sent events until it has ended. */
async function endedByRest(up: Up, id: string): Promise<unknown> {
  const watched = await fetch(`${up.url}/v1/scans/${id}:watch`, {
    headers: { ...auth(up), accept: 'text/event-stream' },
  });
  expect(watched.headers.get('content-type')).toContain('text/event-stream');
  const states = (await watched.text()).match(/^data: .*$/gm)!.map((line) => JSON.parse(line.slice('data: '.length)));
  return states.filter((each) => each.state !== undefined).at(-1);
}

/** Reads the event of a scan with a plain consumer, as any other program would. */
async function eventOf(bus: Kafka, scanId: string): Promise<{ event: ImageScanned; headers: Record<string, string> }> {
  const consumer = bus.consumer({ groupId: `end-to-end-${scanId}` });
  try {
    await consumer.connect();
    await consumer.subscribe({ topic: 'image.scanned', fromBeginning: true });
    return await new Promise((resolve, reject) => {
      consumer
        .run({
          eachMessage: async ({ message }) => {
            const event = fromBinary(ImageScannedSchema, message.value!);
            if (event.scanId === scanId) resolve({ event, headers: texts(message.headers ?? {}) });
          },
        })
        .catch(reject);
    });
  } finally {
    await consumer.disconnect();
  }
}

function texts(headers: IHeaders): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
}

/** The scanner's database as the platform under test uses it. */
async function scannerUrl(gabion: CommandLine): Promise<string> {
  const password = (await readFile(join(gabion.dataDir, 'secrets', 'image-scanner.postgres'), 'utf8')).trim();
  const host = encodeURIComponent(join(gabion.dataDir, 'postgres', 'run'));
  return `postgresql://gabion_image_scanner:${password}@localhost/gabion_image_scanner?host=${host}`;
}

async function query(url: string, text: string) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await client.query(text);
  } finally {
    await client.end();
  }
}

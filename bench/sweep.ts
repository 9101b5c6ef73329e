// Scans many images that share four of their five layers, with one replica and with two on one PostgreSQL:
//   node bench/sweep.ts [--images 200] [--threads 1]   (after a build)
import { randomBytes } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { ScanService } from '@gabion/contracts/gabion/scan/v1/scans_pb';
import { buildImage } from '@gabion/testkit/images';
import type { LayerEntry } from '@gabion/testkit/layer-tar';
import { testDatabase } from '@gabion/testkit/postgres';
import { localOperator } from '@gabion/trust/caller';
import { sql } from 'kysely';
import { blobOf, startRegistry } from './registry.ts';
import { type BenchScanner, startScanner } from './scanner.ts';

const caller = localOperator();
const { values: options } = parseArgs({
  options: { images: { type: 'string', default: '200' }, threads: { type: 'string', default: '1' } },
});
const count = Number(options.images);
const layerThreads = Number(options.threads);
const noise = randomBytes(1024 * 1024);

await using registry = await startRegistry();
const references = madeImages();
const one = await sweep(1);
const two = await sweep(2);
console.log(`${count} images of 5 layers, 4 of them shared; ${availableParallelism()} cores`);
for (const { replicas, seconds, failures } of [one, two])
  console.log(
    `${replicas} replica(s) of ${layerThreads} thread(s): ${(count / seconds).toFixed(1)} images/s, ` +
      `${failures} failures (${((100 * failures) / count).toFixed(1)} %)`,
  );
console.log(`two replicas against one: ${(one.seconds / two.seconds).toFixed(2)} times`);

/** All images once, on an empty database. */
async function sweep(replicas: number): Promise<{ replicas: number; seconds: number; failures: number }> {
  await using stack = new AsyncDisposableStack();
  const { url: postgresUrl } = stack.use(await testDatabase({ database: true }));
  const scanners: BenchScanner[] = [];
  // One after the other: the first makes the tables.
  for (let nth = 0; nth < replicas; nth++)
    scanners.push(stack.use(await startScanner({ postgresUrl, layerThreads, workers: 2 * layerThreads })));
  const [first] = scanners as [BenchScanner];
  const scans = first.connection.client(ScanService);
  await pause(2000);
  const started = performance.now();
  for (const value of references) await scans.createScan({ target: { case: 'image', value } }, { caller });
  for (;;) {
    const { rows } = await sql<{ ended: string; failed: string }>`
      select count(*) filter (where state in ('succeeded', 'failed')) as ended,
        count(*) filter (where state = 'failed') as failed from scans`.execute(first.db.kysely);
    const seconds = (performance.now() - started) / 1000;
    if (Number(rows[0]!.ended) === count) return { replicas, seconds, failures: Number(rows[0]!.failed) };
    await pause(20);
  }
}

/** Images of a distribution, a runtime, tools and a framework that all have, and an application of their own. */
function madeImages(): string[] {
  const status = Array.from(
    { length: 150 },
    (_, i) => `Package: p${i}\nStatus: install ok installed\nVersion: 1.${i}\nArchitecture: amd64\n\n`,
  ).join('');
  const shared = [
    [...files('usr/lib/base', 1500, 8192), { path: 'var/lib/dpkg/status', content: status }],
    [...files('usr/lib/runtime', 200, 60_000), { path: 'etc/os-release', content: 'ID=debian\nVERSION_ID="11"\n' }],
    files('opt/tools', 800, 8192),
    modules('srv/app', 150),
  ];
  return Array.from({ length: count }, (_, nth) => {
    const image = buildImage({
      layers: [...shared, [...modules(`srv/own-${nth}`, 20), ...files(`srv/${nth}`, 100, 8192)]],
    });
    for (const bytes of image.blobs.values()) registry.addBlob(blobOf(bytes));
    return registry.addManifest(`app-${nth}`, image.blobs.get(image.manifest.digest)!, image.manifest.mediaType);
  });
}

function files(directory: string, number: number, bytes: number): LayerEntry[] {
  const half = Buffer.alloc(bytes / 2, 'lorem ipsum ');
  return Array.from({ length: number }, (_, i) => {
    return { path: `${directory}/${i}`, content: Buffer.concat([half, seeded(i, bytes / 2)]) };
  });
}

function seeded(seed: number, bytes: number): Buffer {
  const at = (seed * 7919) % (noise.length - bytes);
  return noise.subarray(at, at + bytes);
}

function modules(directory: string, number: number): LayerEntry[] {
  return Array.from({ length: number }, (_, i) => ({
    path: `${directory}/node_modules/module-${i}/package.json`,
    content: JSON.stringify({ name: `module-${i}`, version: `1.0.${i}` }),
  }));
}

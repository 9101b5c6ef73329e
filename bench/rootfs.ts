// How fast a gzip layer is verified, unpacked and searched, beside the floor of gunzip and SHA-256 alone.
//   node --conditions=source bench/rootfs.ts [LAYER.tar]      (without one, 120 MB of made files)
import { createHash, randomBytes } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import { inventoryAnalyzers, inventoryInspectors, inventoryOf } from '@gabion/inventory/inventory';
import { isDigest } from '@gabion/oci/digest';
import { defaultLayerLimits, layerTar as unpacked } from '@gabion/oci/layer-stream';
import { verified } from '@gabion/oci/verify';
import { readLayer } from '@gabion/rootfs/layer';
import { apply } from '@gabion/rootfs/view';
import { layerTar } from '@gabion/testkit/layer-tar';

const rounds = 5;
const directory = await mkdtemp(join(tmpdir(), 'gabion-bench-'));
try {
  const blob = join(directory, 'layer.tar.gz');
  await pipeline(
    process.argv[2] ? createReadStream(process.argv[2]) : madeTar(),
    createGzip(),
    createWriteStream(blob),
  );
  const digest = await sha256Of(createReadStream(blob));
  const diffId = await sha256Of(createReadStream(blob).pipe(createGunzip()));
  const { size } = await stat(blob);
  const read = () => createReadStream(blob, { highWaterMark: 256 * 1024 });
  let bytes = 0;
  let packages = 0;
  const floor = async () => {
    const compressed = createHash('sha256');
    const tar = createHash('sha256');
    const source = read().on('data', (chunk) => compressed.update(chunk));
    for await (const chunk of source.pipe(createGunzip({ chunkSize: 128 * 1024 }))) tar.update(chunk);
    compressed.digest();
    tar.digest();
  };
  const whole = async () => {
    const open = () => unpacked(verified(read(), { digest, size }), diffId, defaultLayerLimits);
    const contents = await readLayer(open, { analyzers: inventoryAnalyzers, inspectors: inventoryInspectors });
    bytes = contents.bytes;
    packages = inventoryOf(apply([{ diffId, contents }])).packages.length;
  };
  await floor();
  await whole();
  const times = { floor: [] as number[], whole: [] as number[] };
  // One beside the other, so that a busy machine is as unfair to both.
  for (let round = 0; round < rounds; round++) {
    times.floor.push(await seconds(floor));
    times.whole.push(await seconds(whole));
  }
  const rate = (of: number[]) => bytes / 1e6 / median(of);
  console.log(
    `layer ${(bytes / 1e6).toFixed(0)} MB, gzip ${(size / 1e6).toFixed(0)} MB, ${packages} packages, median of ${rounds}`,
  );
  console.log(`floor (gunzip, 2 × sha256)  ${median(times.floor).toFixed(3)} s  ${rate(times.floor).toFixed(0)} MB/s`);
  console.log(`verify, unpack, inventory   ${median(times.whole).toFixed(3)} s  ${rate(times.whole).toFixed(0)} MB/s`);
  console.log(`highest RSS of the process  ${(process.resourceUsage().maxRSS / 1024).toFixed(0)} MB`);
} finally {
  await rm(directory, { recursive: true, force: true });
}

function* madeTar() {
  const status = Array.from(
    { length: 200 },
    (_, i) => `Package: p${i}\nStatus: install ok installed\nVersion: 1.${i}\nArchitecture: amd64\n\n`,
  );
  yield layerTar([
    { path: 'etc/os-release', content: 'ID=debian\nVERSION_ID=11\n' },
    { path: 'var/lib/dpkg/status', content: status.join('') },
  ]).subarray(0, -1024);
  for (let i = 0; i < 7000; i++) {
    const content = Buffer.concat([randomBytes(8 * 1024), Buffer.alloc(8 * 1024, `line ${i}\n`)]);
    yield layerTar([{ path: `usr/share/made/${i % 100}/${i}`, content }]).subarray(0, -1024);
  }
  yield Buffer.alloc(1024);
}

async function seconds(work: () => Promise<void>): Promise<number> {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1000;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

async function sha256Of(bytes: AsyncIterable<Uint8Array>) {
  const hash = createHash('sha256');
  for await (const chunk of bytes) hash.update(chunk);
  const digest = `sha256:${hash.digest('hex')}`;
  if (!isDigest(digest)) throw new Error('not a digest');
  return digest;
}

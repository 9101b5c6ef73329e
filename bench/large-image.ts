// Scans an image of several gigabytes that is made while it is pulled, and prints time and peak memory:
//   node bench/large-image.ts [--gb 3]   (after a build)
import { createCipheriv, createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { constants, createZstdCompress } from 'node:zlib';
import { type Scan, ScanService, ScanState } from '@gabion/contracts/gabion/scan/v1/scans_pb';
import { layerTar } from '@gabion/testkit/layer-tar';
import { localOperator } from '@gabion/trust/caller';
import { blobOf, type MadeBlob, startRegistry } from './registry.ts';
import { startScanner } from './scanner.ts';

const caller = localOperator();
const { values: options } = parseArgs({ options: { gb: { type: 'string', default: '3' } } });
const half = (Number(options.gb) / 2) * 1e9;

await using registry = await startRegistry();
const layers = [
  { mediaType: 'application/vnd.oci.image.layer.v1.tar', ...(await described(() => binaries(half))) },
  { mediaType: 'application/vnd.oci.image.layer.v1.tar+zstd', ...(await described(() => texts(half), true)) },
];
const config = blobOf(
  Buffer.from(
    JSON.stringify({
      os: 'linux',
      architecture: 'amd64',
      rootfs: { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) },
    }),
  ),
);
for (const blob of [config, ...layers]) registry.addBlob(blob);
const manifestType = 'application/vnd.oci.image.manifest.v1+json';
const manifest = {
  schemaVersion: 2,
  mediaType: manifestType,
  config: { mediaType: 'application/vnd.oci.image.config.v1+json', digest: config.digest, size: config.size },
  layers: layers.map(({ mediaType, digest, size }) => ({ mediaType, digest, size })),
};
const reference = registry.addManifest('large', Buffer.from(JSON.stringify(manifest)), manifestType);

await using scanner = await startScanner();
await pause(3000);
const idleMb = scanner.rssMb();
scanner.forgetPeak();
const started = performance.now();
const scan = await ended();
const seconds = (performance.now() - started) / 1000;
if (scan.state === ScanState.FAILED) throw new Error(`${scan.error?.code}: ${scan.error?.message}`);
const bytes = scan.layers.reduce((sum, { size }) => sum + Number(size), 0);
console.log(`image: ${(bytes / 1e9).toFixed(2)} GB in ${scan.layers.length} layers`);
console.log(`time: ${seconds.toFixed(1)} s, ${(bytes / 1e6 / seconds).toFixed(0)} MB/s`);
console.log(`memory: idle ${idleMb} MB, peak ${scanner.peakMb()} MB (target 512)`);

async function ended(): Promise<Scan> {
  const scans = scanner.connection.client(ScanService);
  const { id } = await scans.createScan({ target: { case: 'image', value: reference } }, { caller });
  for await (const scan of scans.watchScan({ id }, { caller, deadlineMs: 3_600_000 }))
    if (scan.state === ScanState.FAILED || scan.state === ScanState.SUCCEEDED) return scan;
  throw new Error('the watch ended early');
}

/** Programs and archives of 40 MB that do not compress: every other begins like an ELF file or a zip. */
function* binaries(bytes: number): Generator<Buffer> {
  const heads = [Buffer.from('\x7fELF\x02\x01\x01', 'latin1'), Buffer.from('PK\x03\x04', 'latin1'), Buffer.alloc(0)];
  for (let made = 0, nth = 0; made < bytes; made += 40e6, nth++) {
    const random = createCipheriv('aes-128-ctr', Buffer.alloc(16, nth), Buffer.alloc(16));
    const zeros = Buffer.alloc(1e6);
    const name = `opt/app/${nth}${['', '.jar', '.bin'][nth % 3]}`;
    yield headerOf(name, 40e6);
    const head = heads[nth % 3]!;
    for (let part = 0; part < 40; part++) {
      const piece = random.update(zeros);
      if (part === 0) head.copy(piece);
      yield piece;
    }
    yield Buffer.alloc((512 - (40e6 % 512)) % 512);
  }
  yield Buffer.alloc(1024);
}

/** Source and data files of 10 kB to 50 MB that compress well. */
function* texts(bytes: number): Generator<Buffer> {
  const line = (i: number) => `const value_${i % 977} = lookup("key-${(i * 7919) % 100_003}"); // ${i}\n`;
  const block = Buffer.from(Array.from({ length: 40_000 }, (_, i) => line(i)).join('')).subarray(0, 1e6);
  for (let made = 0, nth = 0; made < bytes; nth++) {
    const size = nth % 50 === 0 ? 50e6 : 10_000 * (1 + (nth % 90));
    yield headerOf(`srv/data/${nth % 100}/${nth}.js`, size);
    for (let left = size; left > 0; left -= 1e6) yield block.subarray(0, Math.min(left, 1e6));
    yield Buffer.alloc((512 - (size % 512)) % 512);
    made += size;
  }
  yield Buffer.alloc(1024);
}

function headerOf(path: string, size: number): Buffer {
  const header = Buffer.from(layerTar([{ path, mode: 0o755 }]).subarray(0, 512));
  header.write(size.toString(8).padStart(11, '0'), 124);
  header.fill(' ', 148, 156);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return header;
}

/** Goes through a layer once to know its digests. */
async function described(make: () => Iterable<Buffer>, isCompressed = false): Promise<MadeBlob & { diffId: string }> {
  const params = { [constants.ZSTD_c_compressionLevel]: 1 };
  const stored = () => (isCompressed ? Readable.from(make()).pipe(createZstdCompress({ params })) : make());
  const tar = createHash('sha256');
  for (const piece of make()) tar.update(piece);
  const blob = createHash('sha256');
  let size = 0;
  for await (const piece of stored()) {
    blob.update(piece);
    size += piece.length;
  }
  const hex = (hash: ReturnType<typeof createHash>) => `sha256:${hash.digest('hex')}`;
  return { digest: hex(blob), diffId: hex(tar), size, make: stored };
}

// Scans a Debian root file system from a local registry and prints time and memory:
//   node bench/scan.ts [--cache DIR] [--feed TAR]   (after a build)
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { AdvisoryService } from '@gabion/contracts/gabion/scan/v1/advisories_pb';
import { type Scan, ScanService, ScanState } from '@gabion/contracts/gabion/scan/v1/scans_pb';
import { buildImage, pushImage } from '@gabion/testkit/images';
import { registryForTests } from '@gabion/testkit/registry';
import { localOperator } from '@gabion/trust/caller';
import { sql } from 'kysely';
import { percentile, startScanner } from './scanner.ts';

const caller = localOperator();
const { values: options } = parseArgs({
  options: { cache: { type: 'string', default: '/tmp/gabion-bench-debian' }, feed: { type: 'string' } },
});

const tar = rootfs(options.cache);
if (!tar) skip('mmdebstrap is not installed');
await using registry = await (async () => {
  const found = await registryForTests();
  return 'skipped' in found ? skip(found.skipped) : found;
})();
const image = buildImage({ layers: [readFileSync(tar)] });
await pushImage(registry.host, 'debian', '11', image);
await using scanner = await startScanner();
const scans = scanner.connection.client(ScanService);
if (options.feed) await importFeed(options.feed);

await pause(3000);
const idleMb = scanner.rssMb();
const cold: number[] = [];
const peaks: number[] = [];
let last: Scan | undefined;
for (let round = 0; round < 5; round++) {
  await sql`truncate scans, images, layers cascade`.execute(scanner.db.kysely);
  scanner.forgetPeak();
  last = await timed(cold);
  peaks.push(scanner.peakMb());
}
const known: number[] = [];
for (let round = 0; round < 50; round++) {
  await sql`truncate scans, images cascade`.execute(scanner.db.kysely);
  await timed(known);
}
const repeated: number[] = [];
for (let round = 0; round < 50; round++) await timed(repeated);

const { size } = last!.layers[0]!;
console.log(
  `image: ${(Number(size) / 1e6).toFixed(0)} MB, ${image.layers[0]!.size} bytes compressed, ${last!.packageCount} packages`,
);
console.log(`cold: first ${cold[0]!.toFixed(0)} ms, median ${percentile(cold, 0.5).toFixed(0)} ms (target 3000)`);
console.log(`memory: idle ${idleMb} MB, peak ${peaks.map((peak) => `+${peak - idleMb}`).join(' ')} MB (target +250)`);
const shares = (times: readonly number[]) =>
  `p50 ${percentile(times, 0.5).toFixed(1)} ms, p95 ${percentile(times, 0.95).toFixed(1)} ms (target 50)`;
console.log(`new image of known layers: ${shares(known)}`);
console.log(`repeated: ${shares(repeated)}`);

/** From the request to the moment at which a watcher sees the end. */
async function timed(into: number[]): Promise<Scan> {
  const started = performance.now();
  const { id } = await scans.createScan({ target: { case: 'image', value: `${registry.host}/debian:11` } }, { caller });
  for await (const scan of scans.watchScan({ id }, { caller })) {
    if (scan.state === ScanState.FAILED) throw new Error(scan.error?.message);
    if (scan.state !== ScanState.SUCCEEDED) continue;
    into.push(performance.now() - started);
    return scan;
  }
  throw new Error('the watch ended early');
}

async function importFeed(path: string): Promise<void> {
  const bytes = readFileSync(path);
  async function* parts() {
    yield { part: { case: 'header' as const, value: { source: 'bench' } } };
    for (let at = 0; at < bytes.length; at += 512 * 1024)
      yield { part: { case: 'chunk' as const, value: bytes.subarray(at, at + 512 * 1024) } };
  }
  const answers = scanner.connection.client(AdvisoryService).importAdvisories(parts(), { caller });
  console.log(`advisories: ${(await Array.fromAsync(answers)).at(-1)?.source?.advisoryCount}`);
}

/** A minimal Debian 11, made once. */
function rootfs(directory: string): string | undefined {
  const path = join(directory, 'deb11.tar');
  if (existsSync(path)) return path;
  if (!existsSync('/usr/bin/mmdebstrap')) return undefined;
  mkdirSync(directory, { recursive: true });
  // The name's end tells mmdebstrap to write a tar.
  const part = join(directory, 'part.tar');
  execFileSync('mmdebstrap', ['--variant=minbase', '--mode=root', 'bullseye', part], { stdio: 'inherit' });
  renameSync(part, path);
  return path;
}

function skip(why: string): never {
  console.log(`skipped: ${why}`);
  process.exit(0);
}

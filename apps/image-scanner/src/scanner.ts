import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import { ImageScannedSchema, ScanFailedSchema } from '@gabion/contracts/gabion/scan/v1/events_pb';
import { publish } from '@gabion/events/publish';
import type { Package } from '@gabion/inventory/package';
import type { Image } from '@gabion/oci/image';
import { formatPlatform, parsePlatform } from '@gabion/oci/platform';
import type { Database, Tx } from '@gabion/postgres/database';
import type { Advisories } from './advisories.ts';
import { type Analysis, analyse } from './analysis.ts';
import type { ImageAccess } from './image-access.ts';
import { type Images, type KnownImage, storablePackage, type Verdict } from './images.ts';
import { type Judgement, judge, lookupsOf } from './judgement.ts';
import type { Layers } from './layers.ts';
import { ProgressCount } from './progress.ts';
import type { LeasedScan, Queue } from './queue.ts';
import { scanErrorOf } from './scan-errors.ts';
import { storable } from './storable.ts';

export interface ScannerParts {
  readonly db: Database;
  readonly queue: Queue;
  readonly access: ImageAccess;
  readonly layers: Layers;
  readonly images: Images;
  readonly advisories: Advisories;
}

/** Carries a leased scan through: open, analyse, judge, store. What is worked out before fails to exist or exists whole. */
export class Scanner {
  constructor(private readonly parts: ScannerParts) {}

  async scan(scan: LeasedScan, signal: AbortSignal): Promise<void> {
    const { access, images, queue } = this.parts;
    await using progress = new ProgressCount((now) => queue.report(scan.id, now));
    await using source = await access.open(scan, signal);
    const image = await source.image(scan.platform ? parsePlatform(scan.platform) : undefined, signal);
    const platform = formatPlatform(image.platform);
    const known = await images.known(image.manifestDigest, platform);
    const conclude = known ? await this.#rejudge(known) : await this.#judgeNew(scan, image, progress, signal);
    signal.throwIfAborted();
    await progress[Symbol.asyncDispose]();
    const total = known ? layersOf(image) : progress.now;
    await this.parts.db.transaction(async (tx) => {
      const { about, verdict } = await conclude(tx);
      await queue.succeed(tx, scan.id, verdict.id, total);
      await publishScanned(tx, scan, { manifestDigest: image.manifestDigest, platform }, about, verdict);
    });
  }

  /** Ends a scan without a result. */
  async fail(scan: LeasedScan, reason: unknown): Promise<void> {
    const { code, message } = scanErrorOf(reason);
    const error = { code, message: storable(message) };
    await this.parts.db.transaction(async (tx) => {
      await this.parts.queue.fail(tx, scan.id, error);
      await publish(tx, ScanFailedSchema, {
        scanId: scan.id,
        target: scan.target,
        error,
        failTime: timestampFromDate(new Date()),
      });
    });
  }

  /** An image that was read before: only what the advisories say may be new. */
  async #rejudge(known: KnownImage): Promise<Conclusion> {
    const { images, advisories } = this.parts;
    const verdict = await images.verdict(known.id, await advisories.state());
    if (verdict) return async () => ({ about: known, verdict });
    const { state, judgement } = await this.#judge(await images.packages(known.id));
    return async (tx) => ({ about: known, verdict: await images.addVerdict(tx, known.id, state, judgement) });
  }

  async #judgeNew(scan: LeasedScan, image: Image, progress: ProgressCount, signal: AbortSignal): Promise<Conclusion> {
    const { images, layers } = this.parts;
    const analysis: Analysis = await analyse(image, scan.id, layers, progress, signal);
    const packages = analysis.inventory.packages.map(storablePackage);
    const { state, judgement } = await this.#judge(packages);
    return async (tx) => {
      const about = await images.add(tx, analysis, packages);
      return { about, verdict: await images.addVerdict(tx, about.id, state, judgement) };
    };
  }

  async #judge(packages: readonly Package[]): Promise<{ state: string; judgement: Judgement }> {
    const { state, entries, ecosystems } = await this.parts.advisories.consult(lookupsOf(packages));
    return { state, judgement: judge(packages, entries, ecosystems) };
  }
}

/** Stores what was found, in the transaction that ends the scan. */
type Conclusion = (tx: Tx) => Promise<{ about: KnownImage; verdict: Verdict }>;

function layersOf(image: Image) {
  const distinct = new Set(image.layers.map((layer) => layer.diffId)).size;
  return { layersTotal: distinct, layersDone: distinct, bytesTotal: 0, bytesDone: 0 };
}

async function publishScanned(
  tx: Tx,
  scan: LeasedScan,
  image: { manifestDigest: string; platform: string },
  about: KnownImage,
  verdict: Verdict,
): Promise<void> {
  await publish(tx, ImageScannedSchema, {
    scanId: scan.id,
    target: scan.target,
    imageDigest: image.manifestDigest,
    platform: image.platform,
    ...(about.operating_system && { operatingSystem: about.operating_system }),
    severityCounts: verdict.severity_counts,
    packageCount: about.package_count,
    scanTime: timestampFromDate(new Date()),
  });
}

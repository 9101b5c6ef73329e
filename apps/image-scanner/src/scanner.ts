import type { Image } from '@gabion/oci/image';
import { formatPlatform, parsePlatform } from '@gabion/oci/platform';
import type { Database, Tx } from '@gabion/postgres/database';
import { analyse } from './analysis.ts';
import { putFindings } from './component-findings.ts';
import { type Resolved, resolveComponents } from './components.ts';
import type { CurrentFindings } from './current-findings.ts';
import { countsOf } from './finding-counts.ts';
import type { ImageAccess } from './image-access.ts';
import { type ImageKey, type ImageRecord, type Images, imageRecord, type KnownImage } from './images.ts';
import { judge, lookupsOf, warningsOf } from './judgement.ts';
import { judgingGate } from './judging-gate.ts';
import { ecosystemsOf, entriesOf, isRejudgingDue } from './known-advisories.ts';
import type { Layers } from './layers.ts';
import { ProgressCount } from './progress.ts';
import type { LeasedScan, Progress, Queue } from './queue.ts';
import type { RejudgingWait } from './rejudging-wait.ts';
import { scanErrorOf } from './scan-errors.ts';
import { publishFailed, publishScanned } from './scan-events.ts';
import { storable } from './storable.ts';

export interface ScannerParts {
  readonly db: Database;
  readonly queue: Queue;
  readonly access: ImageAccess;
  readonly layers: Layers;
  readonly images: Images;
  readonly current: CurrentFindings;
  readonly rejudging: RejudgingWait;
}

/** Carries a leased scan through: open, analyse, judge, store. What is worked out before fails to exist or exists whole. */
export class Scanner {
  constructor(private readonly parts: ScannerParts) {}

  async scan(scan: LeasedScan, signal: AbortSignal): Promise<void> {
    if (scan.target_kind === 'sbom') return this.#scanSbom(scan, signal);
    const { access, images, queue } = this.parts;
    await using progress = new ProgressCount((now) => queue.report(scan.id, now));
    await using source = await access.open(scan, signal);
    const image = await source.image(scan.platform ? parsePlatform(scan.platform) : undefined, signal);
    const { manifestDigest } = image;
    const key = { manifestDigest, platform: formatPlatform(image.platform), lockFiles: scan.lock_files };
    const read = async () => imageRecord(await analyse(image, scan, this.parts.layers, progress, signal));
    const isKnown = (await images.known(key)) !== undefined;
    const record = isKnown ? undefined : await read();
    signal.throwIfAborted();
    await progress[Symbol.asyncDispose]();
    const total = isKnown ? layersOf(image) : progress.now;
    await this.#conclude(scan, { key, record, read, total }, signal);
  }

  /** What it lists is judged as if it had been found; there is nothing to be opened. */
  async #scanSbom(scan: LeasedScan, signal: AbortSignal): Promise<void> {
    const { access, images, layers } = this.parts;
    const { digest: manifestDigest, read: readContent } = await access.sbom(scan);
    const key = { manifestDigest, platform: '', lockFiles: scan.lock_files };
    const read = async () => {
      const { inventory, findings, warnings } = await layers.threads.surveySbom(await readContent(), signal);
      return imageRecord({ manifestDigest, platform: '', layers: [], inventory: { ...inventory, warnings }, findings });
    };
    const record = (await images.known(key)) ? undefined : await read();
    await this.#conclude(scan, { key, record, read, total: nothingToRead }, signal);
  }

  /** Ends a scan without a result. */
  async fail(scan: LeasedScan, reason: unknown): Promise<void> {
    const { code, message } = scanErrorOf(reason);
    const error = { code, message: storable(message) };
    await this.parts.db.transaction(async (tx) => {
      await this.parts.queue.fail(tx, scan.id, error);
      await publishFailed(tx, scan, error);
    });
  }

  /** Stores all of it at once, as soon as nothing that concerns the image waits to be judged again. */
  async #conclude(scan: LeasedScan, { read, ...result }: Result, signal: AbortSignal): Promise<void> {
    using patience = this.parts.rejudging.patience(signal);
    let { record } = result;
    for (;;) {
      const settled = patience.next();
      const obstacle = await this.#store(scan, { ...result, record }, patience.isOver);
      if (obstacle === undefined) return;
      signal.throwIfAborted();
      if (obstacle === 'image_gone') record = await read();
      else await settled;
    }
  }

  /** Answers what was in the way, in which case nothing is stored. */
  async #store(scan: LeasedScan, result: Omit<Result, 'read'>, isImpatient: boolean): Promise<Obstacle | undefined> {
    try {
      await this.parts.db.transaction(async (tx) => {
        await judgingGate.passWithOthers(tx);
        const image = await this.#storeImage(tx, result, isImpatient);
        const view = { imageId: image.id, names: [scan.target], kinds: scan.kinds };
        const { all, packages } = await this.parts.current.of(view, tx);
        const counts = countsOf(all, scan.kinds);
        const warnings = warningsOf(packages, await ecosystemsOf(tx));
        const { total } = result;
        await this.parts.queue.succeed(tx, scan.id, { imageId: image.id, counts: counts.severities, warnings, total });
        await publishScanned(tx, scan, image, { all, counts });
      });
      return undefined;
    } catch (error) {
      if (error instanceof NotYet) return error.obstacle;
      throw error;
    }
  }

  async #storeImage(tx: Tx, { key, record }: Omit<Result, 'read'>, isImpatient: boolean): Promise<KnownImage> {
    const { images } = this.parts;
    await images.hold(tx, key);
    const known = await images.known(key, tx);
    if (!known && !record) throw new NotYet('image_gone');
    const { ids, added } = known ? { ids: known.components, added: [] } : await resolveComponents(tx, record!.packages);
    const own = new Set(added.map(({ id }) => id));
    const others = ids.filter((id) => !own.has(id));
    if (!isImpatient && (await isRejudgingDue(tx, others))) throw new NotYet('rejudging_due');
    await judgeFirst(tx, added);
    return known ?? (await images.add(tx, key, record!, ids));
  }
}

/** What a scan comes to, before it is stored. */
interface Result {
  readonly key: ImageKey;
  /** Undefined where the image is known. */
  readonly record: ImageRecord | undefined;
  /** Reads the image after all: what was known of it may have been removed meanwhile. */
  readonly read: () => Promise<ImageRecord>;
  readonly total: Progress;
}

/** Advisories that concern the image have changed, and its components wait to be judged by them; or it was removed. */
type Obstacle = 'rejudging_due' | 'image_gone';

class NotYet extends Error {
  constructor(readonly obstacle: Obstacle) {
    super(obstacle);
  }
}

/** Judges components that no image held before, in the transaction that adds them. */
async function judgeFirst(tx: Tx, added: Resolved['added']): Promise<void> {
  const components = added.map(({ component }) => component);
  const entries = await entriesOf(tx, lookupsOf(components));
  const judged = judge(components, entries);
  const put = judged.flatMap((found, index) => found.map((finding) => ({ componentId: added[index]!.id, finding })));
  await putFindings(tx, put);
}

const nothingToRead: Progress = { layersTotal: 0, layersDone: 0, bytesTotal: 0, bytesDone: 0 };

function layersOf(image: Image): Progress {
  const distinct = new Set(image.layers.map((layer) => layer.diffId)).size;
  return { layersTotal: distinct, layersDone: distinct, bytesTotal: 0, bytesDone: 0 };
}

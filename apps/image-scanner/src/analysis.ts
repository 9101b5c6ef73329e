import type { Inventory } from '@gabion/inventory/inventory';
import type { Image, Layer } from '@gabion/oci/image';
import { OciError } from '@gabion/oci/oci-error';
import { formatPlatform } from '@gabion/oci/platform';
import { RootfsError } from '@gabion/rootfs/rootfs-error';
import type { StaticFinding } from './finding.ts';
import type { Layers } from './layers.ts';
import type { ProgressCount } from './progress.ts';
import type { ImageLayer, TargetKind, Warning } from './scan.ts';

/** What an image consists of. */
export interface Analysis {
  readonly manifestDigest: string;
  readonly platform: string;
  readonly layers: readonly ImageLayer[];
  /** Its warnings also say what was left out of the layers. */
  readonly inventory: Omit<Inventory, 'warnings'> & { readonly warnings: readonly Warning[] };
  readonly findings: readonly StaticFinding[];
}

/** Reads the layers that nobody has read before, puts all in order, and finds what is installed. */
export async function analyse(
  image: Image,
  scan: { readonly id: string; readonly lock_files: boolean; readonly target_kind: TargetKind },
  layers: Layers,
  progress: ProgressCount,
  signal: AbortSignal,
): Promise<Analysis> {
  const { contents, absent } = await taken(image, scan.id, layers, progress, signal);
  const packed = image.layers.map(({ diffId }) => {
    const bytes = contents.get(diffId);
    return { diffId, ...(bytes && { contents: bytes }) };
  });
  const createdBy = image.layers.map((layer) => layer.createdBy);
  // Mere files have no configuration to be judged.
  const config = scan.target_kind === 'image' ? { config: image.config } : {};
  const about = { ...config, createdBy, lockFiles: scan.lock_files };
  const { inventory, findings, warnings, sizes } = await layers.threads.survey(packed, about, signal);
  return {
    manifestDigest: image.manifestDigest,
    platform: formatPlatform(image.platform),
    layers: image.layers.map(({ digest, diffId, createdBy }, index) => {
      return { digest: digest ?? '', diffId, createdBy, size: sizes[index]! };
    }),
    findings,
    inventory: { ...inventory, warnings: [...absent.map(absenceOf), ...warnings, ...inventory.warnings] },
  };
}

/** The packed contents of all layers but those that the registry may leave out. */
async function taken(image: Image, scanId: string, layers: Layers, progress: ProgressCount, signal: AbortSignal) {
  // Images hold the same empty layer several times.
  const distinct = new Map(image.layers.map((layer) => [layer.diffId, layer]));
  const known = await layers.known([...distinct.keys()]);
  const toRead = [...distinct.values()].filter((layer) => !known.has(layer.diffId));
  progress.begin(
    distinct.size,
    toRead.reduce((sum, layer) => sum + layer.size, 0),
  );
  const contents = new Map<string, Uint8Array>();
  const absent: Layer[] = [];
  const takeOne = async (layer: Layer, stop: AbortSignal) => {
    const count = progress.layer(known.has(layer.diffId) ? 0 : layer.size);
    const open = () => image.openStored(layer, { signal: stop, onBytes: count.read });
    const read = () => layers.threads.read(layer, open, stop);
    try {
      contents.set(layer.diffId, await layers.contents(layer.diffId, scanId, read, stop));
    } catch (error) {
      if (!isAbsence(error, layer)) throw placed(error, image.layers.indexOf(layer), image.layers.length);
      absent.push(layer);
    }
    count.done();
  };
  await inParallel([...distinct.values()], layers.threads.width, takeOne, signal);
  return { contents, absent };
}

/** Media types of layers that a registry need not hold, since their licence forbids to pass them on. */
const mayBeAbsent = /\.(foreign|nondistributable)\./;

function isAbsence(error: unknown, { mediaType }: Layer): boolean {
  return error instanceof OciError && error.code === 'blob_not_found' && mayBeAbsent.test(mediaType);
}

function absenceOf({ diffId }: Layer): Warning {
  return {
    code: 'layer_skipped',
    message: `the registry does not hold this layer, whose licence forbids to pass it on; other addresses are not asked (layer ${diffId})`,
  };
}

/** An error of a layer's content, which says what layer it was. */
function placed(error: unknown, index: number, count: number): unknown {
  if (!(error instanceof RootfsError)) return error;
  return new RootfsError(error.code, `${error.message} (layer ${index + 1} of ${count})`, { cause: error });
}

/** Runs `work` over the items, so many at a time; the first failure stops the others and is waited out. */
async function inParallel<T>(
  items: readonly T[],
  width: number,
  work: (item: T, signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const failing = new AbortController();
  const stop = AbortSignal.any([signal, failing.signal]);
  const waiting = items.values();
  let failure: { readonly reason: unknown } | undefined;
  const runner = async () => {
    for (const item of waiting) {
      if (stop.aborted) return;
      await work(item, stop).catch((reason: unknown) => {
        failure ??= { reason };
        failing.abort(reason);
      });
    }
  };
  await Promise.all(Array.from({ length: width }, runner));
  signal.throwIfAborted();
  if (failure) throw failure.reason;
}

import { type Inventory, inventoryAnalyzers, inventoryOf, inventoryVersion } from '@gabion/inventory/inventory';
import type { Image, Layer } from '@gabion/oci/image';
import { formatPlatform } from '@gabion/oci/platform';
import { readLayer } from '@gabion/rootfs/layer';
import type { LayerContents } from '@gabion/rootfs/layer-contents';
import { apply } from '@gabion/rootfs/view';
import type { Layers } from './layers.ts';
import type { ProgressCount } from './progress.ts';
import type { ImageLayer } from './scan.ts';

/** Contents and packages kept under another version are worked out anew. The first number is that of the stored form. */
export const analyserVersion = `1.${inventoryVersion}`;

/** What an image consists of. */
export interface Analysis {
  readonly manifestDigest: string;
  readonly platform: string;
  readonly layers: readonly ImageLayer[];
  readonly inventory: Inventory;
}

/** Layers of one image that are read at a time: unpacking runs beside the thread that parses. */
const parallelLayers = 2;

/** Reads the layers that nobody has read before, puts all in order, and finds what is installed. */
export async function analyse(
  image: Image,
  scanId: string,
  layers: Layers,
  progress: ProgressCount,
  signal: AbortSignal,
): Promise<Analysis> {
  // Images hold the same empty layer several times.
  const distinct = new Map(image.layers.map((layer) => [layer.diffId, layer]));
  const known = await layers.known([...distinct.keys()]);
  const toRead = [...distinct.values()].filter((layer) => !known.has(layer.diffId));
  progress.begin(
    distinct.size,
    toRead.reduce((sum, layer) => sum + layer.size, 0),
  );
  const contents = new Map<string, LayerContents>();
  const takeOne = async (layer: Layer, stop: AbortSignal) => {
    const count = progress.layer(known.has(layer.diffId) ? 0 : layer.size);
    const open = () => image.openLayer(layer, { signal: stop, onBytes: count.read });
    const read = () => readLayer(open, { analyzers: inventoryAnalyzers, signal: stop });
    contents.set(layer.diffId, await layers.contents(layer.diffId, scanId, read, stop));
    count.done();
  };
  await inParallel([...distinct.values()], parallelLayers, takeOne, signal);
  const applied = image.layers.map(({ diffId }) => ({ diffId, contents: contents.get(diffId)! }));
  return {
    manifestDigest: image.manifestDigest,
    platform: formatPlatform(image.platform),
    layers: image.layers.map(({ digest, diffId, createdBy }) => {
      return { digest: digest ?? '', diffId, createdBy, size: contents.get(diffId)!.bytes };
    }),
    inventory: inventoryOf(apply(applied)),
  };
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

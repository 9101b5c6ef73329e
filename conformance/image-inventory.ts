import { inventoryAnalyzers, inventoryInspectors, inventoryOf } from '@gabion/inventory/inventory';
import type { ImageSource } from '@gabion/oci/image';
import { readLayer } from '@gabion/rootfs/layer';
import { apply } from '@gabion/rootfs/view';

/** Reads an image whole, every digest verified, and answers what it contains. */
export async function inventoryOfImage(source: ImageSource) {
  const image = await source.image();
  const layers = [];
  for (const layer of image.layers) {
    const contents = await readLayer(() => image.openLayer(layer), {
      analyzers: inventoryAnalyzers,
      inspectors: inventoryInspectors,
    });
    layers.push({ diffId: layer.diffId, contents });
  }
  return { image, inventory: inventoryOf(apply(layers)) };
}

/** Prints what differs between two lists and answers whether they are equal. */
export function isSame(what: string, actual: readonly string[], expected: readonly string[]): boolean {
  const missing = expected.filter((line) => !actual.includes(line));
  const excess = actual.filter((line) => !expected.includes(line));
  for (const line of missing) console.log(`${what}: missing ${line}`);
  for (const line of excess) console.log(`${what}: not expected ${line}`);
  console.log(
    `${what}: ${actual.length} found, ${expected.length} expected, ${missing.length} missing, ${excess.length} in excess`,
  );
  return missing.length === 0 && excess.length === 0 && actual.length === expected.length;
}

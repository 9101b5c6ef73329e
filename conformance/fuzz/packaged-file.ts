import { inventoryAnalyzers, inventoryInspectors, inventoryOf } from '@gabion/inventory/inventory';
import { readLayer } from '@gabion/rootfs/layer';
import { apply } from '@gabion/rootfs/view';
import { file, type LayerEntry, layerTar } from '@gabion/testkit/layer-tar';
import type { Target } from './target.ts';

/** A kind of file from which the inventory learns of packages, by its path in an image. */
export interface PackagedFile {
  readonly name: string;
  readonly path: string;
  readonly samples: readonly Buffer[];
  /** What else the image holds. */
  readonly beside?: readonly LayerEntry[];
  /** Puts an input into a container of which no part would survive mutations: a zip has checksums. */
  readonly pack?: (input: Buffer) => Buffer;
}

/** The inventory of an image with the file in it: whatever the file holds, it may warn and no more. */
export function packagedFile({ name, path, samples, beside = [], pack = (input) => input }: PackagedFile): Target {
  return {
    name,
    samples,
    errors: [],
    async run(input) {
      const content = pack(input);
      const open = async function* () {
        yield layerTar([...beside, file(path, content)]);
      };
      const contents = await readLayer(open, { analyzers: inventoryAnalyzers, inspectors: inventoryInspectors });
      for (const { code, subject } of contents.skipped) if (code === 'inspection_failed') throw new Error(subject);
      const view = apply([{ diffId: 'layer', contents }]);
      return inventoryOf(view, { lockFiles: true, includeDev: true }).packages.length > 0;
    },
  };
}

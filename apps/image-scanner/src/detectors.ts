import {
  type Inventory,
  inventoryAnalyzers,
  inventoryInspectors,
  inventoryOf,
  inventoryVersion,
} from '@gabion/inventory/inventory';
import type { Inspector } from '@gabion/rootfs/inspector';
import type { Analyzer } from '@gabion/rootfs/layer-contents';
import type { AppliedLayer } from '@gabion/rootfs/view';
import { apply } from '@gabion/rootfs/view';
import type { Warning } from './scan.ts';
import { warningsOf } from './skipped-parts.ts';

/** What is looked for, as plain data: each thread builds its own detectors of it. */
export interface DetectorSettings {
  /** Changes with everything that changes what is kept of a layer; layers kept under another one are read anew. */
  readonly version: string;
}

/** The first number is that of the stored form. */
export const defaultDetectors: DetectorSettings = { version: `2.${inventoryVersion}` };

/** What is kept of each layer's files. */
export const analyzers: readonly Analyzer[] = inventoryAnalyzers;

/** What looks at each layer's files while they go by. Asked once in each thread, which keeps the answer. */
export async function inspectorsFor(_settings: DetectorSettings): Promise<readonly Inspector[]> {
  return inventoryInspectors;
}

/** All that is known of an image from its layers. */
export interface Survey {
  readonly inventory: Inventory;
  /** What was left out of the layers, and why. */
  readonly warnings: readonly Warning[];
}

/** Puts the layers of an image in order, lowest first, and finds what is in it. */
export function surveyOf(layers: readonly AppliedLayer[], _settings: DetectorSettings): Survey {
  return { inventory: inventoryOf(apply(layers)), warnings: warningsOf(layers) };
}

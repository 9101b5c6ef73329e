import type { ViewFile } from '@gabion/rootfs/view';
import type { ImageSight } from './cataloguer.ts';
import { type Evidence, type Installed, identity, type Package, type PackageType } from './package.ts';
import { originsOf } from './system/origin.ts';
import type { Warnings } from './warnings.ts';

export type Parse = (content: Buffer, path: string, warnings?: Warnings) => readonly Installed[];

export interface Placement {
  readonly type: PackageType;
  readonly evidence: Evidence;
  readonly parse: Parse;
  ids(found: Installed): { readonly ecosystem: string; readonly purl: string };
}

/** The packages that a file names, each charged to the layer that brought it. */
export function placed({ view, warnings }: ImageSight, file: ViewFile, placement: Placement): Package[] {
  const { type, evidence, parse, ids } = placement;
  if (!file.content) {
    const isLarge = file.size > 0;
    warnings.add(isLarge ? 'file_too_large' : 'file_content_missing', `${file.path} was not read`);
    return [];
  }
  const found = parse(file.content, file.path, warnings);
  const origins = originsOf(view.history(file.path), found, (content) => parse(content, file.path));
  return found.map((installed) => ({
    type,
    module: '',
    ...installed,
    ...ids(installed),
    layerDiffId: view.layers[origins.get(identity(installed)) ?? file.layer]!.diffId,
    path: file.path,
    evidence,
  }));
}

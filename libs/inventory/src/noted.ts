import type { Note, PlacedNote } from '@gabion/rootfs/inspector';
import type { ImageSight } from './cataloguer.ts';
import { languagePackage } from './language-ids.ts';
import type { Evidence, Package, PackageType } from './package.ts';
import type { Warning } from './warnings.ts';

/** What an inspector found in one file. */
export interface PackageNote extends Note {
  readonly packages: readonly NotedPackage[];
  /** What of the file was not read, and why. */
  readonly problems?: readonly { readonly code: Warning['code']; readonly message: string }[];
}

/** A package as it stands in a file. */
export interface NotedPackage {
  readonly name: string;
  readonly version: string;
  /** Whose advisories judge it, where its type does not say that. */
  readonly ecosystem?: string;
  /** Where in the file, when it is an archive: `WEB-INF/lib/a.jar`. */
  readonly inside?: string;
  /** No advisory is to judge it: what it is or which version is not certain enough. */
  readonly isUnjudged?: true;
  readonly licenses?: readonly string[];
}

export interface NotedKind {
  readonly inspector: string;
  readonly type: PackageType;
  readonly evidence: Evidence;
}

/** The packages that an inspector noted in files of the finished image, each charged to the layer that brought it. */
export function notedPackages({ view, warnings }: ImageSight, kind: NotedKind): Package[] {
  const byPath = new Map<string, PlacedNote<PackageNote>[]>();
  for (const placed of view.notes<PackageNote>(kind.inspector)) {
    const known = byPath.get(placed.note.path);
    if (known) known.push(placed);
    else byPath.set(placed.note.path, [placed]);
  }
  const packages: Package[] = [];
  for (const versions of byPath.values()) {
    const last = versions.find(({ isVisible }) => isVisible);
    if (!last) continue;
    for (const { code, message } of last.note.problems ?? []) warnings.add(code, message);
    for (const found of last.note.packages) {
      const layer = firstLayerOf(found, last.layer, versions);
      packages.push({ ...packageOf(found, last.note.path, kind), layerDiffId: view.layers[layer]!.diffId });
    }
  }
  return packages;
}

function packageOf(found: NotedPackage, path: string, { type, evidence }: NotedKind) {
  const named = languagePackage({ name: found.name, version: found.version, licenses: found.licenses ?? [] }, type);
  return {
    ...named,
    ecosystem: found.isUnjudged ? '' : (found.ecosystem ?? named.ecosystem),
    module: '',
    path: found.inside ? `${path}!${found.inside}` : path,
    evidence,
  };
}

/** A later layer may write the same file again, with another owner or mode: the package came with the first of them. */
function firstLayerOf(found: NotedPackage, top: number, versions: readonly PlacedNote<PackageNote>[]): number {
  let first = top;
  const below = versions.filter(({ layer }) => layer < top).sort((a, b) => b.layer - a.layer);
  for (const { note, layer } of below) {
    if (!note.packages.some((one) => isSame(one, found))) break;
    first = layer;
  }
  return first;
}

function isSame(a: NotedPackage, b: NotedPackage): boolean {
  return a.name === b.name && a.version === b.version && a.inside === b.inside;
}

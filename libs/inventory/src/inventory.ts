import type { Inspector } from '@gabion/rootfs/inspector';
import type { Analyzer } from '@gabion/rootfs/layer-contents';
import type { View } from '@gabion/rootfs/view';
import type { Cataloguer, Found } from './cataloguer.ts';
import { cataloguers } from './cataloguers.ts';
import { lockFileAnalyzer, lockFileCataloguers } from './lockfiles/lock-files.ts';
import type { Package } from './package.ts';
import { warnOfDatabases } from './system/missing-database.ts';
import { type OperatingSystem, osRelease, osReleaseAnalyzer } from './system/os-release.ts';
import { type Warning, Warnings } from './warnings.ts';

/** What an image contains. */
export interface Inventory {
  readonly operatingSystem?: OperatingSystem;
  readonly packages: readonly Package[];
  /** Packages of languages whose files belong to a package of the system, which answers for them. */
  readonly owned: readonly Package[];
  readonly warnings: readonly Warning[];
}

/** What counts as a package beyond what is installed. */
export interface InventoryOptions {
  /** What lock files and build files of projects pin, too: for directories of sources; images have what they install. */
  readonly lockFiles?: boolean;
  /** With them also what is only needed to work on the project. */
  readonly includeDev?: boolean;
}

/** What `readLayer` must collect for `inventoryOf`. Changes with `inventoryVersion`. */
export const inventoryAnalyzers: readonly Analyzer[] = [
  osReleaseAnalyzer,
  ...cataloguers.flatMap(({ analyzers }) => analyzers ?? []),
  lockFileAnalyzer,
];

/** What must look at the files of each layer for `inventoryOf`. Changes with `inventoryVersion`. */
export const inventoryInspectors: readonly Inspector[] = cataloguers.flatMap(({ inspectors }) => inspectors ?? []);

/** Names the set of cataloguers: layer contents collected under another version are to be read anew. */
export const inventoryVersion = 3;

/** Finds the operating system and the packages; never fails on what an image holds, but warns. */
export function inventoryOf(view: View, options: InventoryOptions = {}): Inventory {
  const warnings = new Warnings();
  const operatingSystem = osRelease(view);
  const image = { view, warnings, ...(operatingSystem && { operatingSystem }) };
  const asked = options.lockFiles ? lockFileCataloguers(options.includeDev ?? false) : [];
  const results = [...cataloguers, ...asked].map((cataloguer) => ({ cataloguer, found: cataloguer.find(image) }));
  const databases = results.flatMap(({ cataloguer, found }) => (found.hasDatabase ? [cataloguer.name] : []));
  warnOfDatabases(operatingSystem, databases, warnings);
  const owned = ownedPaths(view, results);
  const isOwned = ({ kind }: Cataloguer, { path }: Package) => kind !== 'system' && owned.has(path.split('!', 1)[0]!);
  const pick = (wanted: boolean) =>
    results.flatMap(({ cataloguer, found }) => found.packages.filter((each) => isOwned(cataloguer, each) === wanted));
  return {
    ...(operatingSystem ? { operatingSystem } : {}),
    packages: unique(pick(false)).sort(byNameThenPath),
    owned: pick(true),
    warnings: warnings.list,
  };
}

/**
 * Files of the system's packages, with links of their directories resolved: a database may say `lib/…` where the files
 * are in `usr/lib`.
 */
function ownedPaths(view: View, results: readonly { readonly found: Found }[]): ReadonlySet<string> {
  const owned = new Set<string>();
  const resolved = new Map<string, string>();
  for (const path of results.flatMap(({ found }) => [...(found.ownedPaths ?? [])])) {
    const slash = path.lastIndexOf('/');
    const directory = path.slice(0, Math.max(slash, 0));
    const place = resolved.get(directory) ?? view.resolve(directory) ?? directory;
    resolved.set(directory, place);
    owned.add(place === '' ? path.slice(slash + 1) : `${place}${path.slice(slash)}`);
  }
  return owned;
}

/** A database may name a package twice: distroless images built in steps, or hostile ones. */
function unique(packages: readonly Package[]): Package[] {
  return [...new Map(packages.map((found) => [identityAt(found), found])).values()];
}

function identityAt({ type, name, version, architecture, path }: Package): string {
  const place = type === 'deb' || type === 'apk' || type === 'rpm' || type === 'alpm' ? '' : path;
  return [type, name, version, architecture, place].join('\n');
}

function byNameThenPath(a: Package, b: Package): number {
  if (a.name !== b.name) return a.name < b.name ? -1 : 1;
  return a.path < b.path ? -1 : Number(a.path > b.path);
}

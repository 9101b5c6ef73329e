import type { Analyzer } from '@gabion/rootfs/layer-contents';
import type { View, ViewFile } from '@gabion/rootfs/view';
import { apkAnalyzer, apkDatabases, apkNodeFiles, parseApk } from './apk.ts';
import { dpkgAnalyzer, dpkgInfoDirectory, dpkgStatus, dpkgStatusDirectory, parseDpkg } from './dpkg.ts';
import { linesOf } from './lines.ts';
import { isInstalledPackage, npmAnalyzer, parseNpm } from './npm.ts';
import { originsOf } from './origin.ts';
import { ecosystemOf, type OperatingSystem, osRelease, osReleaseAnalyzer } from './os-release.ts';
import { type Installed, identity, type Package } from './package.ts';
import { purl } from './purl.ts';
import { type Warning, Warnings } from './warnings.ts';

/** What an image contains. */
export interface Inventory {
  readonly operatingSystem?: OperatingSystem;
  readonly packages: readonly Package[];
  /** npm packages whose files belong to a package of the system, which answers for them. */
  readonly owned: readonly Package[];
  readonly warnings: readonly Warning[];
}

/** What `readLayer` must collect for `inventoryOf`. Changes with `inventoryVersion`. */
export const inventoryAnalyzers: readonly Analyzer[] = [osReleaseAnalyzer, dpkgAnalyzer, apkAnalyzer, npmAnalyzer];

/** Names the set of analyzers: layer contents collected under another version are to be read anew. */
export const inventoryVersion = 1;

/** Finds the operating system and the packages; never fails on what an image holds, but warns. */
export function inventoryOf(view: View): Inventory {
  const warnings = new Warnings();
  const operatingSystem = osRelease(view);
  const databases = [...dpkgFiles(view), ...apkFiles(view)];
  if (!operatingSystem && databases.length > 0) {
    warnings.add('os_unknown', 'the image has a package database but does not name its operating system');
  }
  if (databases.length === 0 && operatingSystem) {
    warnings.add('packages_without_database', `no package database of ${operatingSystem.prettyName} was found`);
  }
  const system = databases.flatMap(({ file, type }) => {
    const parse = type === 'deb' ? parseDpkg : parseApk;
    return placed(view, file, parse, warnings, (found) => systemIds(type, found, operatingSystem));
  });
  const nodes = [...view.files.values()].filter((file) => isInstalledPackage(file.path));
  const npm = nodes.flatMap((file) => placed(view, file, parseNpm, warnings, npmIds));
  const ownedPaths = ownedNodePaths(view);
  const [owned, own] = [
    npm.filter(({ path }) => ownedPaths.has(path)),
    npm.filter(({ path }) => !ownedPaths.has(path)),
  ];
  const packages = [...unique(system), ...own].sort(byNameThenPath);
  return { ...(operatingSystem ? { operatingSystem } : {}), packages, owned, warnings: warnings.list };
}

type Parse = (content: Buffer, path: string, warnings?: Warnings) => Installed[];

function placed(
  view: View,
  file: ViewFile,
  parse: Parse,
  warnings: Warnings,
  ids: (found: Installed) => { ecosystem: string; purl: string },
): Package[] {
  if (!file.content) {
    const isLarge = file.size > 0;
    warnings.add(isLarge ? 'file_too_large' : 'file_content_missing', `${file.path} was not read`);
    return [];
  }
  const found = parse(file.content, file.path, warnings);
  const origins = originsOf(view.history(file.path), found, (content) => parse(content, file.path));
  return found.map((installed) => ({
    ...installed,
    ...ids(installed),
    layerDiffId: view.layers[origins.get(identity(installed)) ?? file.layer]!.diffId,
    path: file.path,
  }));
}

function systemIds(type: 'deb' | 'apk', { name, version, architecture }: Installed, os?: OperatingSystem) {
  const namespace = os?.id ?? (type === 'deb' ? 'debian' : 'alpine');
  const distro = os ? [os.id, os.version].filter((part) => part !== '').join('-') : '';
  return {
    ecosystem: os ? ecosystemOf(os) : '',
    purl: purl({ type, namespace, name: name.toLowerCase(), version, qualifiers: { arch: architecture, distro } }),
  };
}

function npmIds({ name, version }: Installed) {
  const [scope, bare] = name.startsWith('@') ? (name.split('/') as [string, string]) : [undefined, name];
  return { ecosystem: 'npm', purl: purl({ type: 'npm', ...(scope ? { namespace: scope } : {}), name: bare, version }) };
}

function dpkgFiles(view: View): { file: ViewFile; type: 'deb' }[] {
  const status = view.read(dpkgStatus);
  const single = below(view, dpkgStatusDirectory).filter((file) => !file.path.endsWith('.md5sums'));
  return [...(status ? [status] : []), ...single].map((file) => ({ file, type: 'deb' }));
}

function apkFiles(view: View): { file: ViewFile; type: 'apk' }[] {
  const found = apkDatabases.map((path) => view.read(path)).filter((file) => file !== undefined);
  // With /lib a link to usr/lib both paths are one file.
  return [...new Set(found)].map((file) => ({ file, type: 'apk' }));
}

/** The descriptions of npm packages that dpkg or apk list among their files. */
function ownedNodePaths(view: View): Set<string> {
  const lists = below(view, dpkgInfoDirectory).filter((file) => file.path.endsWith('.list'));
  const listed = [
    ...lists.flatMap((file) => (file.content ? [...linesOf(file.content)] : [])),
    ...apkFiles(view).flatMap(({ file }) => (file.content ? apkNodeFiles(file.content) : [])),
  ];
  return new Set(listed.filter((path) => path !== '').map((path) => view.resolve(path) ?? path));
}

function below(view: View, directory: string): ViewFile[] {
  const prefix = `${view.resolve(directory) ?? directory}/`;
  return [...view.files.values()].filter((file) => file.path.startsWith(prefix));
}

/** A database may name a package twice: distroless images built in steps, or hostile ones. */
function unique(packages: readonly Package[]): Package[] {
  return [...new Map(packages.map((found) => [identity(found), found])).values()];
}

function byNameThenPath(a: Package, b: Package): number {
  if (a.name !== b.name) return a.name < b.name ? -1 : 1;
  return a.path < b.path ? -1 : 1;
}

import type { Analyzer } from '@gabion/rootfs/layer-contents';
import type { ViewFile } from '@gabion/rootfs/view';
import type { Cataloguer, ImageSight } from '../cataloguer.ts';
import { keptLines, linesOf } from '../lines.ts';
import { isOwnable } from '../ownable.ts';
import type { Package } from '../package.ts';
import { placed } from '../placement.ts';
import { chiselAnalyzer, chiselManifest, chiselPaths, parseChisel } from './chisel.ts';
import { copyrightPath, isCopyright, keptLicenses, licensesIn } from './debian-copyright.ts';
import { keptStanzas, parseDpkg } from './dpkg-status.ts';
import { systemIds } from './system-ids.ts';

const dpkgStatus = 'var/lib/dpkg/status';
/** Distroless images keep one file a package here, without a `Status`, and its files beside it. */
const dpkgStatusDirectory = 'var/lib/dpkg/status.d';
const dpkgInfoDirectory = 'var/lib/dpkg/info';
const dpkgDiversions = 'var/lib/dpkg/diversions';

const isList = (path: string) => path.startsWith(`${dpkgInfoDirectory}/`) && path.endsWith('.list');
const isSums = (path: string) => path.startsWith(`${dpkgStatusDirectory}/`) && path.endsWith('.md5sums');

const dpkgAnalyzer: Analyzer = {
  name: 'dpkg',
  wants(path) {
    if (isCopyright(path)) return 4 * 1024 * 1024;
    if (!path.startsWith('var/lib/dpkg/')) return undefined;
    if (path === dpkgStatus) return 64 * 1024 * 1024;
    if (path === dpkgDiversions) return 4 * 1024 * 1024;
    if (isList(path) || isSums(path)) return 16 * 1024 * 1024;
    return path.startsWith(`${dpkgStatusDirectory}/`) ? 1024 * 1024 : undefined;
  },
  reduce(path, content) {
    if (isCopyright(path)) return keptLicenses(content);
    if (isList(path)) return keptLines(content, isOwnable);
    if (isSums(path)) return keptLines(content, (line) => isOwnable(fileOfSum(line)));
    return path === dpkgDiversions ? content : keptStanzas(content);
  },
};

/** Debian, Ubuntu and what is built from them; distroless images too. */
export const dpkgCataloguer: Cataloguer = {
  name: 'dpkg',
  kind: 'system',
  analyzers: [dpkgAnalyzer, chiselAnalyzer],
  find(image) {
    const files = databasesIn(image);
    const manifest = files.length === 0 ? image.view.read(chiselManifest) : undefined;
    const ids = systemIds('deb', image.operatingSystem);
    const placement = { type: 'deb', evidence: 'package-database', parse: parseDpkg, ids } as const;
    const ofManifest = manifest ? placed(image, manifest, { ...placement, parse: parseChisel }) : [];
    const packages = [...files.flatMap((file) => placed(image, file, placement)), ...ofManifest];
    return {
      packages: packages.map((found) => licensed(image, found)),
      ownedPaths: manifest?.content ? chiselPaths(manifest.content) : ownedPaths(image),
      hasDatabase: files.length > 0 || ofManifest.length > 0,
    };
  },
};

function databasesIn({ view }: ImageSight): ViewFile[] {
  const status = view.read(dpkgStatus);
  const single = view.below(dpkgStatusDirectory).filter((file) => !file.path.endsWith('.md5sums'));
  return [...(status ? [status] : []), ...single];
}

/** Status files have no licences; the copyright file of the package, or of the one its directory is a link to, does. */
function licensed({ view }: ImageSight, found: Package): Package {
  const content = view.read(copyrightPath(found.name))?.content;
  return content ? { ...found, licenses: licensesIn(content) } : found;
}

function* ownedPaths({ view }: ImageSight): Generator<string> {
  const diversions = diversionsIn(view.read(dpkgDiversions)?.content);
  for (const path of listedPaths(view)) {
    yield path;
    // The file of one package makes way for that of another, which lists the same path.
    const diverted = diversions.get(path);
    if (diverted !== undefined) yield diverted;
  }
}

function* listedPaths(view: ImageSight['view']): Generator<string> {
  for (const { path, content } of view.below(dpkgInfoDirectory)) {
    if (!isList(path) || !content) continue;
    for (const line of linesOf(content)) if (line !== '') yield line.replace(/^\//, '');
  }
  for (const { path, content } of view.below(dpkgStatusDirectory)) {
    if (!isSums(path) || !content) continue;
    for (const line of linesOf(content)) if (line !== '') yield fileOfSum(line);
  }
}

/** `d41d8cd98f00b204e9800998ecf8427e  usr/bin/env` */
function fileOfSum(line: string): string {
  return line
    .slice(32)
    .trimStart()
    .replace(/^\.?\//, '');
}

/** Where dpkg-divert(1) puts files: three lines a diversion, the path, its other place, and the package that has it so. */
function diversionsIn(content: Buffer | undefined): ReadonlyMap<string, string> {
  const lines = content ? [...linesOf(content)] : [];
  const diversions = new Map<string, string>();
  for (let i = 0; i + 1 < lines.length; i += 3) diversions.set(lines[i]!.slice(1), lines[i + 1]!.slice(1));
  return diversions;
}

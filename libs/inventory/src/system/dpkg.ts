import type { Analyzer } from '@gabion/rootfs/layer-contents';
import type { Cataloguer, ImageSight } from '../cataloguer.ts';
import { keptLines, linesOf } from '../lines.ts';
import { isOwnable } from '../ownable.ts';
import type { Installed } from '../package.ts';
import { placed } from '../placement.ts';
import type { Warnings } from '../warnings.ts';
import { systemIds } from './system-ids.ts';

const dpkgStatus = 'var/lib/dpkg/status';
/** Distroless images keep one file a package here, without a `Status`. */
const dpkgStatusDirectory = 'var/lib/dpkg/status.d';
const dpkgInfoDirectory = 'var/lib/dpkg/info';

/** States of deb-status(5) in which the files of a package are on disk. */
const presentStates = new Set(['installed', 'unpacked', 'half-configured', 'triggers-awaited', 'triggers-pending']);

const dpkgAnalyzer: Analyzer = {
  name: 'dpkg',
  wants(path) {
    if (!path.startsWith('var/lib/dpkg/')) return undefined;
    if (path === dpkgStatus) return 64 * 1024 * 1024;
    if (path.startsWith(`${dpkgStatusDirectory}/`) && !path.endsWith('.md5sums')) return 1024 * 1024;
    if (path.startsWith(`${dpkgInfoDirectory}/`) && path.endsWith('.list')) return 16 * 1024 * 1024;
    return undefined;
  },
  reduce(path, content) {
    if (path.endsWith('.list')) return keptLines(content, isOwnable);
    return keptLines(
      content,
      (line) => line.trim() === '' || /^(package|status|version|source|architecture):/i.test(line),
    );
  },
};

/** Debian, Ubuntu and what is built from them; distroless images too. */
export const dpkgCataloguer: Cataloguer = {
  name: 'dpkg',
  kind: 'system',
  analyzers: [dpkgAnalyzer],
  find(image) {
    const files = databasesIn(image);
    const ids = systemIds('deb', image.operatingSystem);
    return {
      packages: files.flatMap((file) =>
        placed(image, file, { type: 'deb', evidence: 'package-database', parse: parseDpkg, ids }),
      ),
      ownedPaths: ownedPaths(image),
      hasDatabase: files.length > 0,
    };
  },
};

function databasesIn({ view }: ImageSight) {
  const status = view.read(dpkgStatus);
  const single = view.below(dpkgStatusDirectory).filter((file) => !file.path.endsWith('.md5sums'));
  return [...(status ? [status] : []), ...single];
}

function* ownedPaths({ view }: ImageSight): Generator<string> {
  for (const { path, content } of view.below(dpkgInfoDirectory)) {
    if (!path.endsWith('.list') || !content) continue;
    for (const line of linesOf(content)) if (line !== '') yield line.replace(/^\//, '');
  }
}

/** The packages of a status file, or of one file of `status.d`. */
function parseDpkg(content: Buffer, path: string, warnings?: Warnings): Installed[] {
  const found: Installed[] = [];
  let fields = new Map<string, string>();
  const finish = () => {
    const installed = fields.size > 0 ? packageOf(fields, path, warnings) : undefined;
    if (installed) found.push(installed);
    fields = new Map();
  };
  for (const line of linesOf(content)) {
    if (line.trim() === '') finish();
    const colon = line.indexOf(':');
    if (colon > 0 && !/^\s/.test(line)) fields.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim());
  }
  finish();
  return found;
}

function packageOf(fields: Map<string, string>, path: string, warnings?: Warnings): Installed | undefined {
  const name = fields.get('package') ?? '';
  const version = fields.get('version') ?? '';
  const state = fields.get('status')?.split(/\s+/)[2];
  if (state === undefined ? fields.has('status') : !presentStates.has(state)) return undefined;
  // Policy 5.6.1 and 5.6.12, with the upper case and underscores that third parties use.
  if (!/^[A-Za-z0-9][A-Za-z0-9+._-]{0,255}$/.test(name) || !/^[0-9A-Za-z][0-9A-Za-z.+~:_-]{0,255}$/.test(version)) {
    warnings?.add('package_incomplete', `${path}: ${JSON.stringify(name.slice(0, 100))} has no valid name and version`);
    return undefined;
  }
  const source = /^([A-Za-z0-9][A-Za-z0-9+._-]*)\s*(?:\(([^()\s]+)\))?/.exec(fields.get('source') ?? '');
  return {
    name,
    version,
    architecture: fields.get('architecture')?.slice(0, 32) ?? '',
    sourceName: source?.[1] ?? name,
    // A binary-only rebuild adds +bN to the version of a source that stays as it is.
    sourceVersion: source?.[2] ?? version.replace(/\+b\d+$/, ''),
    licenses: [],
  };
}

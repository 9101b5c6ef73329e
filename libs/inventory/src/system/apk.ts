import type { Analyzer } from '@gabion/rootfs/layer-contents';
import type { Cataloguer } from '../cataloguer.ts';
import { linesOf } from '../lines.ts';
import { isOwnable } from '../ownable.ts';
import type { Installed } from '../package.ts';
import { placed } from '../placement.ts';
import type { Warnings } from '../warnings.ts';
import { systemIds } from './system-ids.ts';

/** apk 3 moved its database below usr. */
const apkDatabases = ['lib/apk/db/installed', 'usr/lib/apk/db/installed'];

const apkAnalyzer: Analyzer = {
  name: 'apk',
  wants: (path) => (apkDatabases.includes(path) ? 64 * 1024 * 1024 : undefined),
  reduce: (_path, content) => Buffer.from([...keptLinesOf(content)].join('\n')),
};

/** Alpine, Wolfi, Chainguard. */
export const apkCataloguer: Cataloguer = {
  name: 'apk',
  kind: 'system',
  analyzers: [apkAnalyzer],
  find(image) {
    const found = apkDatabases.map((path) => image.view.read(path)).filter((file) => file !== undefined);
    // With /lib a link to usr/lib both paths are one file.
    const files = [...new Set(found)];
    const ids = systemIds('apk', image.operatingSystem);
    return {
      packages: files.flatMap((file) =>
        placed(image, file, { type: 'apk', evidence: 'package-database', parse: parseApk, ids }),
      ),
      ownedPaths: files.flatMap(({ content }) => (content ? [...filesIn(content)] : [])),
      hasDatabase: files.length > 0,
    };
  },
};

/** The packages of an apk database, `lib/apk/db/installed`. */
export function parseApk(content: Buffer, path: string, warnings?: Warnings): Installed[] {
  const found: Installed[] = [];
  let fields = new Map<string, string>();
  const finish = () => {
    const installed = fields.size > 0 ? packageOf(fields, path, warnings) : undefined;
    if (installed) found.push(installed);
    fields = new Map();
  };
  for (const line of linesOf(content)) {
    if (line === '') finish();
    else if (isField(line)) fields.set(line[0]!, line.slice(2).trim());
  }
  finish();
  return found;
}

/** Fields of packages and ownable files, each directory once before its files. */
function* keptLinesOf(content: Buffer): Generator<string> {
  let directory = '';
  let isTold = false;
  for (const line of linesOf(content)) {
    if (line === '' || isField(line)) yield line;
    if (line.startsWith('F:')) {
      directory = line.slice(2);
      isTold = false;
    }
    if (!line.startsWith('R:') || !isOwnable(`${directory}/${line.slice(2)}`)) continue;
    if (!isTold) yield `F:${directory}`;
    isTold = true;
    yield line;
  }
}

function* filesIn(content: Buffer): Generator<string> {
  let directory = '';
  for (const line of linesOf(content)) {
    if (line.startsWith('F:')) directory = line.slice(2);
    const path = line.startsWith('R:') ? `${directory}/${line.slice(2)}` : '';
    if (isOwnable(path)) yield path;
  }
}

// Letters are case-sensitive: `o` is the origin, `O` something else.
function isField(line: string): boolean {
  return line[1] === ':' && 'PVAoL'.includes(line[0]!);
}

function packageOf(fields: Map<string, string>, path: string, warnings?: Warnings): Installed | undefined {
  const name = fields.get('P') ?? '';
  const version = fields.get('V') ?? '';
  if (!/^[A-Za-z0-9_][A-Za-z0-9+._-]{0,255}$/.test(name) || !/^[0-9A-Za-z][0-9A-Za-z._~+-]{0,255}$/.test(version)) {
    warnings?.add('package_incomplete', `${path}: ${JSON.stringify(name.slice(0, 100))} has no valid name and version`);
    return undefined;
  }
  const license = fields.get('L')?.slice(0, 1024);
  return {
    name,
    version,
    architecture: fields.get('A')?.slice(0, 32) ?? '',
    sourceName: fields.get('o') || name,
    // All packages of one origin are built together and share its version.
    sourceVersion: version,
    licenses: license ? [license] : [],
  };
}

import type { Analyzer } from '@gabion/rootfs/layer-contents';
import type { Cataloguer } from '../cataloguer.ts';
import type { Installed } from '../package.ts';
import { placed } from '../placement.ts';
import { purl } from '../purl.ts';
import type { Warnings } from '../warnings.ts';

/** Directories of a package that hold trees made to be tested against, not installed. */
const testDirectories = new Set([
  'test',
  'tests',
  '__tests__',
  'fixture',
  'fixtures',
  '__fixtures__',
  'example',
  'examples',
]);

const npmAnalyzer: Analyzer = {
  name: 'npm',
  wants: (path) => (isInstalledPackage(path) ? 4 * 1024 * 1024 : undefined),
  reduce: (_path, content) => reduced(content),
};

/** Installed packages of npm, pnpm and yarn: what is below a `node_modules`. */
export const npmCataloguer: Cataloguer = {
  name: 'npm',
  kind: 'language',
  analyzers: [npmAnalyzer],
  find(image) {
    const files = [...image.view.files.values()].filter((file) => isInstalledPackage(file.path));
    const placement = { type: 'npm', evidence: 'package-metadata', parse: parseNpm, ids } as const;
    return { packages: files.flatMap((file) => placed(image, file, placement)) };
  },
};

function ids({ name, version }: Installed) {
  const [scope, bare] = name.startsWith('@') ? (name.split('/') as [string, string]) : [undefined, name];
  return { ecosystem: 'npm', purl: purl({ type: 'npm', ...(scope ? { namespace: scope } : {}), name: bare, version }) };
}

/** Whether a path is the `package.json` at the root of a package below `node_modules`. */
function isInstalledPackage(path: string): boolean {
  if (!path.endsWith('/package.json')) return false;
  const segments = path.split('/');
  const last = segments.lastIndexOf('node_modules');
  if (last === -1) return false;
  const below = segments.slice(last + 1, -1);
  const isRoot = below[0]?.startsWith('@') ? below.length === 2 : below.length === 1;
  if (!isRoot || below[0]!.startsWith('.')) return false;
  const first = segments.indexOf('node_modules');
  // The directory that follows node_modules is a package and may have any name.
  return !segments
    .slice(first, last)
    .some((segment, i, all) => testDirectories.has(segment) && all[i - 1] !== 'node_modules');
}

/** The package that a (reduced or whole) `package.json` describes; one without name or version is no package. */
function parseNpm(content: Buffer, path: string, warnings?: Warnings): Installed[] {
  const json = parsed(content);
  if (!json) {
    warnings?.add('package_malformed', `${path} is not a JSON object`);
    return [];
  }
  const { name, version } = json;
  if (name === undefined || version === undefined) return [];
  if (typeof name !== 'string' || typeof version !== 'string' || !isName(name) || !isVersion(version)) {
    warnings?.add('package_incomplete', `${path}: the name or version is not valid`);
    return [];
  }
  const plain = version.trim().replace(/^[v=\s]+/, '');
  return [
    { name, version: plain, architecture: '', sourceName: name, sourceVersion: plain, licenses: licensesOf(json) },
  ];
}

function reduced(content: Buffer): Buffer {
  const json = parsed(content);
  if (!json) return Buffer.from('null');
  const { name, version, license, licenses } = json;
  return Buffer.from(JSON.stringify({ name, version, license, licenses }));
}

function parsed(content: Buffer): Record<string, unknown> | undefined {
  try {
    const json: unknown = JSON.parse(content.toString().replace(/^\uFEFF/, ''));
    return typeof json === 'object' && json !== null && !Array.isArray(json)
      ? (json as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

// Old names may hold upper case (npm validate-npm-package-name, "legacy").
function isName(name: string): boolean {
  return name.length <= 214 && /^(@[A-Za-z0-9~_.-]+\/)?[A-Za-z0-9~_-][A-Za-z0-9~._-]*$/.test(name);
}

function isVersion(version: string): boolean {
  return version.length <= 256 && /^\s*[v=\s]*\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?\s*$/.test(version);
}

function licensesOf({ license, licenses }: Record<string, unknown>): string[] {
  const named = (value: unknown): unknown =>
    typeof value === 'object' && value !== null && 'type' in value ? value.type : value;
  const all = [license, ...(Array.isArray(licenses) ? licenses.slice(0, 20) : [licenses])].map(named);
  return all
    .filter((value): value is string => typeof value === 'string' && value !== '')
    .map((value) => value.slice(0, 256));
}

import { Declarations, type DeclaredParse } from '../declared.ts';
import { fileCataloguer } from '../file-cataloguer.ts';
import { zipEntries } from '../zip-entries.ts';
import { addPackageJson, parsePackageJson } from './package-json.ts';

const maxPackageJson = 4 * 1024 * 1024;

/** Yarn keeps each package as a zip; larger ones, of compiled programs, are warned of. */
const maxZip = 64 * 1024 * 1024;

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

/**
 * Installed packages of npm, pnpm, Yarn, Bun and Deno: what is below a `node_modules`, their stores (`.pnpm`, `.deno`,
 * `.yarn/unplugged`) and npm's own packages included, and what Deno keeps below `npm/registry.npmjs.org`.
 */
export const npmCataloguer = fileCataloguer({
  name: 'npm',
  type: 'npm',
  evidence: 'package-metadata',
  wants: (path) => (isInstalledPackage(path) ? maxPackageJson : undefined),
  parse: parsePackageJson,
});

/** Packages of Yarn's Plug'n'Play, which runs them from `.yarn/cache/*.zip`. */
export const yarnCacheCataloguer = fileCataloguer({
  name: 'yarn-cache',
  type: 'npm',
  evidence: 'package-metadata',
  wants: (path) =>
    path.endsWith('.zip') && /(?:^|\/)\.?yarn\/(?:berry\/)?cache\/[^/]+$/.test(path) ? maxZip : undefined,
  parse: parseYarnZip,
});

/** The package of a zip of Yarn: everything in it is below `node_modules/NAME`. */
export function parseYarnZip(...[content, path, warnings]: Parameters<DeclaredParse>) {
  const declarations = new Declarations(path, warnings);
  const found = zipEntries(content, (name) => /^node_modules\/(?:@[^/]+\/)?[^/@]+\/package\.json$/.test(name));
  if (found.size === 0) throw new TypeError('holds no package of npm');
  for (const json of found.values()) addPackageJson(declarations, json, path, warnings);
  return declarations.list;
}

/** Whether a path is the `package.json` at the root of an installed package. */
function isInstalledPackage(path: string): boolean {
  if (!path.endsWith('/package.json')) return false;
  const segments = path.split('/');
  const last = segments.lastIndexOf('node_modules');
  if (last === -1) return isDenoPackage(path);
  const below = segments.slice(last + 1, -1);
  const isRoot = below[0]?.startsWith('@') ? below.length === 2 : below.length === 1;
  if (!isRoot || below[0]!.startsWith('.')) return false;
  const first = segments.indexOf('node_modules');
  // The directory that follows node_modules is a package and may have any name.
  return !segments
    .slice(first, last)
    .some((segment, i, all) => testDirectories.has(segment) && all[i - 1] !== 'node_modules');
}

function isDenoPackage(path: string): boolean {
  return /(?:^|\/)npm\/registry\.npmjs\.org\/(?:@[^/]+\/)?[^/@]+\/\d[^/]*\/package\.json$/.test(path);
}

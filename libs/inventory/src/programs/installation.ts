import type { Package } from '../package.ts';

/** Names of runtimes of Java, whose launchers and `release` file write one version in two ways. */
const javaNames = new Set(['openjdk', 'jre', 'jdk', 'java', 'graalvm']);

/**
 * Each program once for each place it is installed below: `usr/local/bin/python3.11` and `usr/local/lib/libpython3.11.so.1.0`
 * are one. Not once for an image: the system's package manager may own the files of one place, but not of another.
 */
export function onePerInstallation(packages: readonly Package[]): Package[] {
  const released = new Set(packages.filter(isRelease).map(({ path }) => prefixOf(path)));
  const first = new Map<string, Package>();
  for (const found of [...packages].sort(byDepthThenPath)) {
    const prefix = prefixOf(found.path);
    if (javaNames.has(found.name) && !isRelease(found) && released.has(prefix)) continue;
    const key = [prefix, found.name, found.version, found.layerDiffId].join('\n');
    if (!first.has(key)) first.set(key, found);
  }
  return [...first.values()];
}

function isRelease({ path }: Package): boolean {
  return path.endsWith('/release');
}

/** The directory above `bin` and its like, above which a JDK 8 has its `jre`; that of the file without one. */
function prefixOf(path: string): string {
  const directories = path.split('/').slice(0, -1);
  const end = directories.findLastIndex((name) => /^(?:s?bin|lib(?:32|64|exec|x32)?)$/.test(name));
  const prefix = end === -1 ? directories : directories.slice(0, end);
  return (prefix.at(-1) === 'jre' ? prefix.slice(0, -1) : prefix).join('/');
}

function byDepthThenPath(a: Package, b: Package): number {
  const depth = (path: string) => path.split('/').length;
  return depth(a.path) - depth(b.path) || (a.path < b.path ? -1 : 1);
}

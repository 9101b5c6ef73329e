import { Declarations, type DeclaredParse } from '../declared.ts';
import { fieldsOf, jsonOf, objectOf, textIn } from '../document.ts';
import { type LockFile, maxPlain, named } from './lock-file.ts';

/** Levels of `dependencies` in version 1; node_modules nest as deep. */
const maxNesting = 50;

export const npmLock: LockFile = {
  name: 'npm-lock',
  type: 'npm',
  isNamed: named('package-lock.json', 'npm-shrinkwrap.json'),
  maxBytes: maxPlain,
  parse: parseNpmLock,
};

/** The packages of npm's lock files of versions 1 (`dependencies`), 2 and 3 (`packages`). */
export function parseNpmLock(...[content, path, warnings]: Parameters<DeclaredParse>) {
  const { packages, dependencies } = objectOf(jsonOf(content));
  const declarations = new Declarations(path, warnings);
  if (packages !== undefined) addPackages(declarations, packages);
  else addDependencies(declarations, dependencies, 0);
  return declarations.list;
}

/** Keys are places: `node_modules/a/node_modules/@b/c`; other places are workspaces of the project. */
function addPackages(declarations: Declarations, packages: unknown): void {
  for (const [place, about] of Object.entries(fieldsOf(packages))) {
    const at = place.lastIndexOf('node_modules/');
    const { name, version, link, dev, license } = fieldsOf(about);
    if (at === -1 || link === true || version === undefined) continue;
    // An alias is kept at its own place and says its name.
    const licenses = textIn(license) ? [license as string] : [];
    declarations.add(name ?? place.slice(at + 'node_modules/'.length), version, { licenses, isDev: dev === true });
  }
}

function addDependencies(declarations: Declarations, dependencies: unknown, depth: number): void {
  if (depth > maxNesting) throw new RangeError(`nested over ${maxNesting} deep`);
  for (const [name, about] of Object.entries(fieldsOf(dependencies))) {
    const { version, dev, dependencies: below } = fieldsOf(about);
    const pinned = registryVersion(name, textIn(version) ?? '');
    if (pinned) declarations.add(pinned.name, pinned.version, { isDev: dev === true });
    if (below !== undefined) addDependencies(declarations, below, depth + 1);
  }
}

/** `1.0.0`, or `npm:other@1.0.0` for an alias; addresses of repositories and files have no version. */
function registryVersion(name: string, version: string): { name: string; version: string } | undefined {
  if (/^\d/.test(version)) return { name, version };
  const [, alias, pinned] = /^npm:(@?[^@]+)@(\d.*)$/.exec(version) ?? [];
  return alias && pinned ? { name: alias, version: pinned } : undefined;
}

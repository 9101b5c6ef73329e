import { Declarations, type DeclaredParse } from '../declared.ts';
import { type Fields, fieldsOf, textIn } from '../document.ts';
import { blockMapOf } from './block-map.ts';
import { type LockFile, maxPlain, named } from './lock-file.ts';
import { reachable } from './reachable.ts';

export const pnpmLock: LockFile = {
  name: 'pnpm-lock',
  type: 'npm',
  isNamed: named('pnpm-lock.yaml'),
  maxBytes: maxPlain,
  parse: parsePnpmLock,
};

/** The packages of pnpm's lock files of versions 5, 6 (`dev: true` with each) and 9 (importers and snapshots). */
export function parsePnpmLock(...[content, path, warnings]: Parameters<DeclaredParse>) {
  const lock = blockMapOf(content);
  if (!textIn(lock.lockfileVersion)) throw new TypeError('is no lock file of pnpm');
  const declarations = new Declarations(path, warnings);
  const needed = neededToRun(lock);
  const separator = Number(textIn(lock.lockfileVersion)?.split('.', 1)[0]) < 6 ? '/' : '@';
  for (const [key, about] of Object.entries(fieldsOf(lock.packages))) {
    const { name, version, dev } = fieldsOf(about);
    const [keyName, keyVersion] = splitKey(key, separator);
    const isDev = needed ? !needed.has(withoutPeers(key)) : dev === 'true';
    const found = textIn(version) ?? keyVersion;
    // A tarball or repository without a version of its own cannot be judged.
    if (/^\d/.test(found)) declarations.add(textIn(name) ?? keyName, found, { isDev });
  }
  return declarations.list;
}

/** `/name/1.0.0_peer@2.0.0`, `/@a/name@1.0.0(peer@2.0.0)`, `name@1.0.0`. */
function splitKey(key: string, separator: string): [name: string, version: string] {
  const plain = withoutPeers(key.replace(/^\//, ''));
  const at = plain.indexOf(separator, plain.startsWith('@') ? plain.indexOf('/') + 1 : 0);
  if (at === -1) return [plain, ''];
  const version = plain.slice(at + 1);
  return [plain.slice(0, at), separator === '/' ? version.split('_', 1)[0]! : version];
}

function withoutPeers(key: string): string {
  return key.split('(', 1)[0]!;
}

/** Keys of packages that the importers reach without `devDependencies`; undefined where the packages say so themselves. */
function neededToRun({ snapshots, importers }: Fields): Set<string> | undefined {
  if (snapshots === undefined) return undefined;
  const edges = new Map<string, string[]>();
  for (const [key, about] of Object.entries(fieldsOf(snapshots))) edges.set(key, dependenciesOf(about));
  const roots = Object.values(fieldsOf(importers)).flatMap(dependenciesOf);
  return new Set([...reachable(roots, (key) => edges.get(key) ?? [])].map(withoutPeers));
}

function dependenciesOf(about: unknown): string[] {
  const { dependencies, optionalDependencies } = fieldsOf(about);
  const all = [...Object.entries(fieldsOf(dependencies)), ...Object.entries(fieldsOf(optionalDependencies))];
  return all.map(([name, value]) => {
    const version = textIn(value) ?? textIn(fieldsOf(value).version) ?? '';
    // An alias has the whole key in place of a version.
    return /^@?[^@(]+@/.test(version) ? version : `${name}@${version}`;
  });
}

import { Declarations, type DeclaredParse } from '../declared.ts';
import { type Fields, fieldsOf, listOf, textIn, tomlOf } from '../document.ts';
import { type LockFile, maxToml, named } from './lock-file.ts';
import { reachable } from './reachable.ts';

export const poetryLock: LockFile = {
  name: 'poetry-lock',
  type: 'pypi',
  isNamed: named('poetry.lock', 'pdm.lock'),
  maxBytes: maxToml,
  parse: parsePoetryLock,
};

export const uvLock: LockFile = {
  name: 'uv-lock',
  type: 'pypi',
  isNamed: named('uv.lock'),
  maxBytes: maxToml,
  parse: parseUvLock,
};

/** PEP 751. */
export const pylock: LockFile = {
  name: 'pylock',
  type: 'pypi',
  isNamed: (base) => base.endsWith('.toml') && /^pylock(?:\.[^.]{1,100})?\.toml$/.test(base),
  maxBytes: maxToml,
  parse: parsePylock,
};

/**
 * The packages of a poetry.lock or pdm.lock. Poetry 1 said `category`, Poetry 2 and PDM say `groups`; Poetry from 1.5 to
 * 2.0 said neither, so that all count.
 */
export function parsePoetryLock(...[content, path, warnings]: Parameters<DeclaredParse>) {
  const declarations = new Declarations(path, warnings);
  for (const each of listOf(tomlOf(content).package)) {
    const { name, version, category, groups } = fieldsOf(each);
    const isMain = listOf(groups).some((group) => group === 'main' || group === 'default');
    const isDev = category === 'dev' || (Array.isArray(groups) && groups.length > 0 && !isMain);
    declarations.add(name, version, { isDev });
  }
  return declarations.list;
}

/** The packages of a uv.lock but the project and its workspace; only their `dependencies` and extras are needed to run. */
export function parseUvLock(...[content, path, warnings]: Parameters<DeclaredParse>) {
  const packages = listOf(tomlOf(content).package).map(fieldsOf);
  const [own, foreign] = [packages.filter(isOwn), packages.filter((each) => !isOwn(each))];
  const byName = Map.groupBy(foreign, ({ name }) => textIn(name) ?? '');
  const below = (name: string) => (byName.get(name) ?? []).flatMap(needsOf);
  const needed = own.length > 0 ? reachable(own.flatMap(needsOf), below) : undefined;
  const declarations = new Declarations(path, warnings);
  for (const { name, version } of foreign) {
    declarations.add(name, version, { isDev: needed !== undefined && !needed.has(textIn(name) ?? '') });
  }
  return declarations.list;
}

/** The packages of a pylock.toml; those of version control have no version. */
export function parsePylock(...[content, path, warnings]: Parameters<DeclaredParse>) {
  const declarations = new Declarations(path, warnings);
  for (const each of listOf(tomlOf(content).packages)) {
    const { name, version } = fieldsOf(each);
    if (version !== undefined) declarations.add(name, version);
  }
  return declarations.list;
}

function isOwn({ source }: Fields): boolean {
  const { virtual, editable, directory } = fieldsOf(source);
  return [virtual, editable, directory].some((place) => place !== undefined);
}

function needsOf(about: Fields): string[] {
  const extras = Object.values(fieldsOf(about['optional-dependencies'])).flatMap(listOf);
  return [...listOf(about.dependencies), ...extras].flatMap((need) => textIn(fieldsOf(need).name) ?? []);
}

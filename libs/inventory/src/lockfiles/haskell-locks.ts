import { Declarations, type DeclaredParse } from '../declared.ts';
import { linesOf } from '../lines.ts';
import { type LockFile, maxPlain, named } from './lock-file.ts';

export const stackLock: LockFile = {
  name: 'stack-lock',
  type: 'hackage',
  isNamed: named('stack.yaml.lock'),
  maxBytes: maxPlain,
  parse: parseStackLock,
};

export const cabalFreeze: LockFile = {
  name: 'cabal-freeze',
  type: 'hackage',
  isNamed: named('cabal.project.freeze'),
  maxBytes: maxPlain,
  parse: parseCabalFreeze,
};

/** The packages of a stack.yaml.lock beside those of its snapshot: `completed: { hackage: name-1.0@sha256:… }`. */
export function parseStackLock(...[content, path, warnings]: Parameters<DeclaredParse>) {
  const declarations = new Declarations(path, warnings);
  for (const line of linesOf(content)) {
    const [, name, version] =
      /^\s{1,20}hackage: ["']?([A-Za-z0-9-]{1,256})-(\d[0-9.]{0,99})(?:@|["']?$)/.exec(line) ?? [];
    if (name) declarations.add(name, version);
  }
  return declarations.list;
}

/** The packages of a cabal.project.freeze: `any.name ==1.0,`. */
export function parseCabalFreeze(...[content, path, warnings]: Parameters<DeclaredParse>) {
  const declarations = new Declarations(path, warnings);
  for (const line of linesOf(content)) {
    const [, name, version] = /\bany\.([A-Za-z0-9-]{1,256}) {0,9}== {0,9}(\d[0-9.]{0,99})/.exec(line) ?? [];
    if (name) declarations.add(name, version);
  }
  return declarations.list;
}

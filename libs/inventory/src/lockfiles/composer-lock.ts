import { Declarations, type DeclaredParse } from '../declared.ts';
import { jsonOf, listOf, objectOf } from '../document.ts';
import { addComposerPackage } from '../php/composer.ts';
import { type LockFile, maxPlain, named } from './lock-file.ts';

export const composerLock: LockFile = {
  name: 'composer-lock',
  type: 'composer',
  isNamed: named('composer.lock'),
  maxBytes: maxPlain,
  parse: parseComposerLock,
};

/** The packages of a composer.lock. */
export function parseComposerLock(...[content, path, warnings]: Parameters<DeclaredParse>) {
  const { packages, 'packages-dev': dev } = objectOf(jsonOf(content));
  const declarations = new Declarations(path, warnings);
  for (const each of listOf(packages)) addComposerPackage(declarations, each);
  for (const each of listOf(dev)) addComposerPackage(declarations, each, true);
  return declarations.list;
}

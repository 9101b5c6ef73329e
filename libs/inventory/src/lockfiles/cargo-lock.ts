import { Declarations, type DeclaredParse } from '../declared.ts';
import { fieldsOf, listOf, tomlOf } from '../document.ts';
import { type LockFile, maxToml, named } from './lock-file.ts';

export const cargoLock: LockFile = {
  name: 'cargo-lock',
  type: 'cargo',
  isNamed: named('Cargo.lock'),
  maxBytes: maxToml,
  parse: parseCargoLock,
};

/** The crates of a Cargo.lock; those without a source are the project's own. It does not say what is for development. */
export function parseCargoLock(...[content, path, warnings]: Parameters<DeclaredParse>) {
  const declarations = new Declarations(path, warnings);
  for (const each of listOf(tomlOf(content).package)) {
    const { name, version, source } = fieldsOf(each);
    if (source !== undefined) declarations.add(name, version);
  }
  return declarations.list;
}

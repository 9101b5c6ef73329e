import { Declarations, type DeclaredParse } from '../declared.ts';
import { type Fields, fieldsOf, jsonOf, listOf, objectOf, textIn } from '../document.ts';
import { type LockFile, maxPlain, named } from './lock-file.ts';

export const conanLock: LockFile = {
  name: 'conan-lock',
  type: 'conan',
  isNamed: named('conan.lock'),
  maxBytes: maxPlain,
  parse: parseConanLock,
};

/** The packages of a conan.lock of Conan 1 (`graph_lock`) or 2 (`requires`). */
export function parseConanLock(...[content, path, warnings]: Parameters<DeclaredParse>) {
  const lock = objectOf(jsonOf(content));
  const declarations = new Declarations(path, warnings);
  for (const reference of graphReferences(lock)) addReference(declarations, reference, false);
  for (const reference of listOf(lock.requires)) addReference(declarations, reference, false);
  for (const key of ['build_requires', 'python_requires']) {
    for (const reference of listOf(lock[key])) addReference(declarations, reference, true);
  }
  return declarations.list;
}

function graphReferences({ graph_lock }: Fields): unknown[] {
  const nodes = Object.values(fieldsOf(fieldsOf(graph_lock).nodes)).map(fieldsOf);
  // The project itself has a path.
  return nodes.filter(({ path }) => path === undefined).map(({ ref }) => ref);
}

/** `name/version@user/channel#revision%time`. */
function addReference(declarations: Declarations, reference: unknown, isDev: boolean): void {
  const [, name, version] = /^([^/@#\s]{1,256})\/([^@#%\s]{1,256})/.exec(textIn(reference) ?? '') ?? [];
  if (name) declarations.add(name, version, { isDev });
}

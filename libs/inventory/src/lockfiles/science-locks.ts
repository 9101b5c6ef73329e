import { Declarations, type DeclaredParse } from '../declared.ts';
import { type Fields, fieldsOf, jsonOf, listOf, objectOf, textIn, tomlOf } from '../document.ts';
import { type LockFile, maxPlain, maxToml, named } from './lock-file.ts';

export const renvLock: LockFile = {
  name: 'renv-lock',
  type: 'cran',
  isNamed: named('renv.lock'),
  maxBytes: maxPlain,
  parse: parseRenvLock,
};

export const juliaManifest: LockFile = {
  name: 'julia-manifest',
  type: 'julia',
  isNamed: (base) => base.endsWith('.toml') && /^(?:Julia)?Manifest(?:-v\d{1,2}\.\d{1,2})?\.toml$/.test(base),
  maxBytes: maxToml,
  parse: parseJuliaManifest,
};

/** The packages of an renv.lock. */
export function parseRenvLock(...[content, path, warnings]: Parameters<DeclaredParse>) {
  const declarations = new Declarations(path, warnings);
  for (const about of Object.values(fieldsOf(objectOf(jsonOf(content)).Packages))) {
    const { Package, Version } = fieldsOf(about);
    declarations.add(Package, Version);
  }
  return declarations.list;
}

/** The packages of a Manifest.toml of Julia, of format 1 (at the top) or 2 (in `deps`); the standard library has no versions. */
export function parseJuliaManifest(...[content, path, warnings]: Parameters<DeclaredParse>) {
  const manifest = tomlOf(content);
  const declarations = new Declarations(path, warnings);
  const deps = manifest.manifest_format === undefined ? manifest : fieldsOf(manifest.deps);
  for (const [name, entries] of Object.entries(deps)) {
    for (const entry of listOf(entries).map(fieldsOf)) addJulia(declarations, name, entry);
  }
  return declarations.list;
}

function addJulia(declarations: Declarations, name: string, { uuid, version, path }: Fields): void {
  // A package under development stands in a directory.
  if (version === undefined || path !== undefined) return;
  declarations.add(name, version, textIn(uuid) ? { qualifiers: { uuid: uuid as string } } : {});
}

import { Declarations, type DeclaredParse } from '../declared.ts';
import { fieldsOf, tomlOf } from '../document.ts';
import { fileCataloguer } from '../file-cataloguer.ts';
import { isNamed } from '../file-name.ts';

/** Programs that `cargo install` built; Cargo lists them in `.crates.toml` of its home. */
export const cargoInstallCataloguer = fileCataloguer({
  name: 'cargo-install',
  type: 'cargo',
  evidence: 'package-database',
  wants: (path) => (isNamed(path, '.crates.toml') ? 1024 * 1024 : undefined),
  parse: parseCargoInstall,
});

/** The crates of a .crates.toml: `"ripgrep 13.0.0 (registry+https://…)" = ["rg"]`. */
export function parseCargoInstall(...[content, path, warnings]: Parameters<DeclaredParse>) {
  const declarations = new Declarations(path, warnings);
  for (const id of Object.keys(fieldsOf(tomlOf(content).v1))) {
    const [name, version, source] = id.split(' ');
    // A crate of a directory is nobody's release.
    if (!source?.startsWith('(path+')) declarations.add(name, version);
  }
  return declarations.list;
}

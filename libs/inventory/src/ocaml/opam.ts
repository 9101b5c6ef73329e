import { Declarations, type DeclaredParse } from '../declared.ts';
import { textOf } from '../document.ts';
import { fileCataloguer } from '../file-cataloguer.ts';

const place = /(?:^|\/)\.opam-switch\/packages\/([^/.]+)\.([^/]+)\/opam$/;

/** OCaml packages that a switch of opam has installed: `.opam-switch/packages/name.1.0/opam`. */
export const opamCataloguer = fileCataloguer({
  name: 'opam',
  type: 'opam',
  evidence: 'package-database',
  wants: (path) => (path.endsWith('/opam') && place.test(path) ? 256 * 1024 : undefined),
  parse: parseOpam,
});

/** The package that a path of a switch names; its file has the licence. */
export function parseOpam(...[content, path, warnings]: Parameters<DeclaredParse>) {
  const [, name, version] = place.exec(path) ?? [];
  const license = /^license:[ \t]{0,9}"([^"\n]{1,256})"/m.exec(textOf(content))?.[1];
  const declarations = new Declarations(path, warnings);
  declarations.add(name, version, { licenses: [license ?? ''] });
  return declarations.list;
}

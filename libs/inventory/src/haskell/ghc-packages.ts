import { Declarations, type DeclaredParse } from '../declared.ts';
import { fileCataloguer } from '../file-cataloguer.ts';
import { linesOf } from '../lines.ts';

/** Packages registered with GHC, by Cabal, Stack or itself: `package.conf.d/name-1.0-id.conf`. */
export const haskellCataloguer = fileCataloguer({
  name: 'haskell',
  type: 'hackage',
  evidence: 'package-database',
  wants: (path) =>
    path.endsWith('.conf') && /(?:^|\/)package\.(?:conf\.d|db)\/[^/]+$/.test(path) ? 1024 * 1024 : undefined,
  parse: parseGhcPackage,
});

/** The package of an installed package description. */
export function parseGhcPackage(...[content, path, warnings]: Parameters<DeclaredParse>) {
  const fields = new Map<string, string>();
  for (const line of linesOf(content)) {
    const [, field, value] = /^(name|version|license):\s{0,99}(\S.{0,255})$/.exec(line) ?? [];
    if (field && !fields.has(field)) fields.set(field, value!.trim());
  }
  const declarations = new Declarations(path, warnings);
  declarations.add(fields.get('name'), fields.get('version'), { licenses: [fields.get('license') ?? ''] });
  return declarations.list;
}

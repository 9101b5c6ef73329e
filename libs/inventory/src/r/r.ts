import { Declarations, type DeclaredParse } from '../declared.ts';
import { fileCataloguer } from '../file-cataloguer.ts';
import { directoryOf, isNamed } from '../file-name.ts';
import { linesOf } from '../lines.ts';

const maxDescription = 1024 * 1024;

/** Packages of an R library: a DESCRIPTION with a `Built` field, which only installing writes. */
export const rCataloguer = fileCataloguer({
  name: 'r',
  type: 'cran',
  evidence: 'package-metadata',
  wants: (path) => (isNamed(path, 'DESCRIPTION') && path.includes('/') ? maxDescription : undefined),
  parse: parseDescription,
});

/** The package of a DESCRIPTION file (Debian control format); those that are part of R itself are left out. */
export function parseDescription(...[content, path, warnings]: Parameters<DeclaredParse>) {
  const fields = new Map<string, string>();
  for (const line of linesOf(content)) {
    const colon = line.indexOf(':');
    if (colon > 0 && !/^\s/.test(line)) fields.set(line.slice(0, colon), line.slice(colon + 1).trim());
  }
  const isInstalled = fields.has('Built') && fields.has('Package');
  const isPartOfR = fields.get('Priority') === 'base';
  // tests/testthat/… hold packages to be tested against.
  const isFixture = /(?:^|\/)(?:tests?|testthat|fixtures)\//.test(directoryOf(path));
  if (!isInstalled || isPartOfR || isFixture) return [];
  const declarations = new Declarations(path, warnings);
  declarations.add(fields.get('Package'), fields.get('Version'), { licenses: [fields.get('License') ?? ''] });
  return declarations.list;
}

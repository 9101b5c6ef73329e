import { Declarations, type DeclaredParse } from '../declared.ts';
import { fieldsOf, jsonOf, objectOf, textIn } from '../document.ts';
import { fileCataloguer } from '../file-cataloguer.ts';

const place = /(?:^|\/)Cellar\/([^/]+)\/([^/]+)\/INSTALL_RECEIPT\.json$/;

/** Formulae that Homebrew poured: `Cellar/name/1.0/INSTALL_RECEIPT.json`. No advisories speak of them. */
export const homebrewCataloguer = fileCataloguer({
  name: 'homebrew',
  type: 'brew',
  evidence: 'package-database',
  wants: (path) => (path.endsWith('/INSTALL_RECEIPT.json') && place.test(path) ? 1024 * 1024 : undefined),
  parse: parseReceipt,
});

/** The formula that a path of the cellar names; the receipt says from which tap, if not the main one. */
export function parseReceipt(...[content, path, warnings]: Parameters<DeclaredParse>) {
  const [, name, version] = place.exec(path) ?? [];
  const tap = textIn(fieldsOf(objectOf(jsonOf(content)).source).tap) ?? '';
  const declarations = new Declarations(path, warnings);
  declarations.add(tap === '' || tap === 'homebrew/core' ? name : `${tap}/${name}`, version);
  return declarations.list;
}

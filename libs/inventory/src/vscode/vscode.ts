import { Declarations, type DeclaredParse } from '../declared.ts';
import { jsonOf, objectOf, textIn } from '../document.ts';
import { fileCataloguer } from '../file-cataloguer.ts';

/** Extensions of Visual Studio Code and its kin, which development containers bring: `extensions/publisher.name-1.0/`. */
export const vscodeCataloguer = fileCataloguer({
  name: 'vscode-extension',
  type: 'vscode-extension',
  evidence: 'package-metadata',
  wants: (path) =>
    path.endsWith('/package.json') && /(?:^|\/)extensions\/[^/.]+\.[^/]+-\d[^/]*\/package\.json$/.test(path)
      ? 4 * 1024 * 1024
      : undefined,
  parse: parseExtension,
});

/** The extension of a package.json with a publisher. */
export function parseExtension(...[content, path, warnings]: Parameters<DeclaredParse>) {
  const { publisher, name, version, license } = objectOf(jsonOf(content));
  // Others lie in directories of the same form, and are no extensions.
  if (!textIn(publisher) || !textIn(name)) return [];
  const declarations = new Declarations(path, warnings);
  declarations.add(`${publisher}/${name}`, version, { licenses: [textIn(license) ?? ''] });
  return declarations.list;
}

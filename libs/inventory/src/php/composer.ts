import { Declarations, type DeclaredParse } from '../declared.ts';
import { fieldsOf, jsonOf, listOf, textIn } from '../document.ts';
import { fileCataloguer } from '../file-cataloguer.ts';

const maxInstalled = 16 * 1024 * 1024;

/** PHP packages that Composer installed: `vendor/composer/installed.json`. */
export const composerCataloguer = fileCataloguer({
  name: 'composer',
  type: 'composer',
  evidence: 'package-metadata',
  wants: (path) => (path.endsWith('composer/installed.json') ? maxInstalled : undefined),
  parse: parseComposerInstalled,
});

/** A list of packages (Composer 1) or an object that holds it (Composer 2). */
export function parseComposerInstalled(...[content, path, warnings]: Parameters<DeclaredParse>) {
  const json = jsonOf(content);
  const { packages } = fieldsOf(json);
  const list = Array.isArray(json) ? json : packages;
  if (!Array.isArray(list)) throw new TypeError('holds no list of packages');
  const declarations = new Declarations(path, warnings);
  for (const each of list) addComposerPackage(declarations, each);
  return declarations.list;
}

/** A package as composer.lock and installed.json write it. */
export function addComposerPackage(declarations: Declarations, value: unknown, isDev = false): void {
  const { name, version, license, type } = fieldsOf(value);
  // Versions of tags keep their `v`; those of branches (dev-main) cannot be ordered and match nothing.
  const plain = textIn(version)?.replace(/^v(?=\d)/i, '');
  if (type === 'metapackage') return;
  const licenses = (Array.isArray(license) ? listOf(license) : [license]).filter((each) => typeof each === 'string');
  declarations.add(name, plain, { licenses, isDev });
}

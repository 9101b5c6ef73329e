import { Declarations, type DeclaredParse } from '../declared.ts';
import { textOf } from '../document.ts';
import { fileCataloguer } from '../file-cataloguer.ts';

/** PEAR packages and PECL extensions by the registry of PEAR: `.registry/….reg`. No advisories speak of them. */
export const pearCataloguer = fileCataloguer({
  name: 'pear',
  type: 'generic',
  evidence: 'package-database',
  wants: (path) => (path.endsWith('.reg') && /(?:^|\/)\.registry\//.test(path) ? 4 * 1024 * 1024 : undefined),
  parse: parsePear,
});

/** The package of a registry file: an array as PHP serialises it, of which the first fields of these names are read. */
export function parsePear(...[content, path, warnings]: Parameters<DeclaredParse>) {
  const text = textOf(content);
  const name = /s:4:"name";s:\d{1,4}:"([^"]{1,200})";/.exec(text)?.[1];
  // The attributes of the second form of the file have a version, too: that of the form.
  const version =
    /s:7:"version";a:\d:\{s:7:"release";s:\d{1,4}:"([^"]{1,100})";/.exec(text)?.[1] ??
    /s:7:"version";s:\d{1,4}:"([^"]{1,100})";/.exec(text)?.[1];
  const channel = /s:7:"channel";s:\d{1,4}:"([^"]{1,200})";/.exec(text)?.[1] ?? 'pear.php.net';
  const declarations = new Declarations(path, warnings);
  declarations.add(name && `${channel}/${name}`, version);
  return declarations.list;
}

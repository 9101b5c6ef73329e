import { Declarations, type DeclaredParse } from '../declared.ts';
import { textIn } from '../document.ts';
import { fileCataloguer } from '../file-cataloguer.ts';
import { isNamed } from '../file-name.ts';
import { blockMapOf } from '../lockfiles/block-map.ts';

const maxPubspec = 256 * 1024;

/** Packages in the cache of Dart and Flutter: `hosted/pub.dev/name-1.0.0/pubspec.yaml`. */
export const dartCataloguer = fileCataloguer({
  name: 'dart',
  type: 'pub',
  evidence: 'package-metadata',
  wants: (path) =>
    isNamed(path, 'pubspec.yaml') && /(?:^|\/)hosted\/[^/]+\/[^/]+\/pubspec\.yaml$/.test(path) ? maxPubspec : undefined,
  parse: parsePubspec,
});

/** The package of a pubspec.yaml. */
export function parsePubspec(...[content, path, warnings]: Parameters<DeclaredParse>) {
  const { name, version } = blockMapOf(content);
  const declarations = new Declarations(path, warnings);
  declarations.add(textIn(name), textIn(version));
  return declarations.list;
}

import { Declarations, type DeclaredParse } from '../declared.ts';
import { jsonOf, objectOf, textIn } from '../document.ts';
import { fileCataloguer } from '../file-cataloguer.ts';

const maxInstall = 1024 * 1024;

/** Distributions that cpanm installed: `.meta/Name-1.0/install.json`. No advisories speak of them. */
export const perlCataloguer = fileCataloguer({
  name: 'perl',
  type: 'cpan',
  evidence: 'package-metadata',
  wants: (path) =>
    path.endsWith('/install.json') && /(?:^|\/)\.meta\/[^/]+\/install\.json$/.test(path) ? maxInstall : undefined,
  parse: parseCpanInstall,
});

/** The distribution of an install.json: `dist` is its name with the version, `name` the module that was asked for. */
export function parseCpanInstall(...[content, path, warnings]: Parameters<DeclaredParse>) {
  const { dist, name, version } = objectOf(jsonOf(content));
  const plain = textIn(version)?.replace(/^v(?=\d)/, '');
  const written = textIn(dist)?.replace(/-v?[0-9][0-9._]*(?:-TRIAL)?$/, '') ?? textIn(name)?.replaceAll('::', '-');
  const declarations = new Declarations(path, warnings);
  declarations.add(written, plain);
  return declarations.list;
}

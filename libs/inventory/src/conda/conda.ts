import { Declarations, type DeclaredParse } from '../declared.ts';
import { jsonOf, objectOf, textIn } from '../document.ts';
import { fileCataloguer } from '../file-cataloguer.ts';
import type { PackageType } from '../package.ts';

/** A record lists all files of its package. */
const maxRecord = 16 * 1024 * 1024;

/**
 * Packages of a Conda environment: `conda-meta/*.json`. No advisories speak of them, and a name alone does not make one
 * a project of PyPI; Python projects among them are found by their metadata.
 */
export const condaCataloguer = fileCataloguer({
  name: 'conda',
  type: 'conda',
  evidence: 'package-database',
  wants: (path) => (path.endsWith('.json') && /(?:^|\/)conda-meta\/[^/]+$/.test(path) ? maxRecord : undefined),
  parse: parseConda,
});

/** The package of a record of conda-meta. */
export function parseConda(...[content, path, warnings]: Parameters<DeclaredParse>) {
  const record = objectOf(jsonOf(content));
  const { name, version, license } = record;
  const channel = channelOf(record);
  const declarations = new Declarations(path, warnings);
  declarations.add(name, version, {
    licenses: textIn(license) ? [license as string] : [],
    ...(channel === 'pypi' ? { type: 'pypi' as PackageType } : { qualifiers: qualifiersOf(record, channel) }),
  });
  return declarations.list;
}

function qualifiersOf({ build, subdir, fn }: Record<string, unknown>, channel: string) {
  const kind = /\.(?:tar\.bz2|conda)$/.exec(textIn(fn) ?? '')?.[0].slice(1) ?? '';
  return { build: textIn(build) ?? '', channel, subdir: textIn(subdir) ?? '', type: kind };
}

/** The last segment of the channel's address: `conda-forge`, `main`. */
function channelOf({ channel, subdir }: Record<string, unknown>): string {
  const segments = (textIn(channel) ?? '').split('/').filter((segment) => segment !== '' && segment !== subdir);
  return segments.at(-1) ?? '';
}

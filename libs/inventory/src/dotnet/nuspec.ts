import { Declarations, type DeclaredParse } from '../declared.ts';
import { type Element, xmlOf } from '../document.ts';
import { fileCataloguer } from '../file-cataloguer.ts';
import { zipEntries } from '../zip-entries.ts';

const maxNuspec = 1024 * 1024;
const maxPackage = 64 * 1024 * 1024;

/** Packages in a NuGet folder: `name/1.0.0/name.nuspec`, and `.nupkg` files where none is unpacked beside them. */
export const nuspecCataloguer = fileCataloguer({
  name: 'nuspec',
  type: 'nuget',
  evidence: 'package-metadata',
  wants: (path) => (path.endsWith('.nuspec') ? maxNuspec : undefined),
  parse: parseNuspec,
});

export const nupkgCataloguer = fileCataloguer({
  name: 'nupkg',
  type: 'nuget',
  evidence: 'package-metadata',
  wants: (path) => (path.endsWith('.nupkg') ? maxPackage : undefined),
  parse: parseNupkg,
});

/** The package of a .nuspec manifest. */
export function parseNuspec(...[content, path, warnings]: Parameters<DeclaredParse>) {
  const declarations = new Declarations(path, warnings);
  addNuspec(declarations, content);
  return declarations.list;
}

/** The package of a .nupkg file: a zip with its manifest at the root. */
export function parseNupkg(...[content, path, warnings]: Parameters<DeclaredParse>) {
  const declarations = new Declarations(path, warnings);
  const manifests = zipEntries(content, (name) => /^[^/]+\.nuspec$/.test(name));
  if (manifests.size === 0) throw new TypeError('holds no manifest');
  for (const manifest of manifests.values()) addNuspec(declarations, manifest);
  return declarations.list;
}

function addNuspec(declarations: Declarations, content: Buffer): void {
  const metadata = xmlOf(content).children.find(({ name }) => name === 'metadata');
  const field = (wanted: string) => metadata?.children.find(({ name }) => name === wanted);
  const license = field('license');
  const isExpression = license?.attributes.type === 'expression';
  const text = (element: Element | undefined) => element?.text.trim();
  // A manifest that is still to be packed has placeholders.
  if (text(field('version'))?.includes('$')) return;
  declarations.add(text(field('id')), text(field('version')), { licenses: isExpression ? [text(license)!] : [] });
}

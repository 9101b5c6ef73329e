import { Declarations, type DeclaredParse } from '../declared.ts';
import { textIn, tomlOf } from '../document.ts';
import { fileCataloguer } from '../file-cataloguer.ts';
import { isNamed } from '../file-name.ts';

/** Packages in a depot of Julia: `packages/Name/slug/Project.toml`. */
export const juliaCataloguer = fileCataloguer({
  name: 'julia',
  type: 'julia',
  evidence: 'package-metadata',
  wants: (path) =>
    isNamed(path, 'Project.toml') && /(?:^|\/)packages\/[^/]+\/[A-Za-z0-9]{4,6}\/Project\.toml$/.test(path)
      ? 256 * 1024
      : undefined,
  parse: parseJuliaProject,
});

/** The package of a Project.toml. */
export function parseJuliaProject(...[content, path, warnings]: Parameters<DeclaredParse>) {
  const { name, version, uuid, license } = tomlOf(content);
  const declarations = new Declarations(path, warnings);
  declarations.add(name, version, {
    licenses: [textIn(license) ?? ''],
    ...(textIn(uuid) && { qualifiers: { uuid: uuid as string } }),
  });
  return declarations.list;
}

import { Declarations, type DeclaredParse } from '../declared.ts';
import { textOf } from '../document.ts';
import { fileCataloguer } from '../file-cataloguer.ts';

const maxRockspec = 1024 * 1024;

/** Rocks that LuaRocks installed: `rocks-5.x/name/1.0-1/name-1.0-1.rockspec`. */
export const luaCataloguer = fileCataloguer({
  name: 'lua',
  type: 'luarocks',
  evidence: 'package-metadata',
  wants: (path) => (path.endsWith('.rockspec') && /(?:^|\/)rocks(?:-\d[^/]*)?\//.test(path) ? maxRockspec : undefined),
  parse: parseRockspec,
});

/** The rock of a specification: Lua, of which only assignments of plain strings at the beginning of a line are read. */
export function parseRockspec(...[content, path, warnings]: Parameters<DeclaredParse>) {
  const text = textOf(content);
  const declarations = new Declarations(path, warnings);
  const license = /\blicense[ \t]{0,9}=[ \t]{0,9}["']([^"'\n]{1,256})["']/.exec(text)?.[1];
  declarations.add(assigned(text, 'package'), assigned(text, 'version'), { licenses: license ? [license] : [] });
  return declarations.list;
}

function assigned(text: string, name: 'package' | 'version'): string | undefined {
  const pattern = {
    package: /^package[ \t]{0,9}=[ \t]{0,9}["']([^"'\n]{1,256})["']/m,
    version: /^version[ \t]{0,9}=[ \t]{0,9}["']([^"'\n]{1,256})["']/m,
  };
  return pattern[name].exec(text)?.[1];
}

import { Declarations, type DeclaredParse } from '../declared.ts';
import { linesOf } from '../lines.ts';
import { type LockFile, maxPlain, named } from './lock-file.ts';

export const yarnLock: LockFile = {
  name: 'yarn-lock',
  type: 'npm',
  isNamed: named('yarn.lock'),
  maxBytes: maxPlain,
  parse: parseYarnLock,
};

/**
 * The packages of a yarn.lock: Yarn 1 has a format of its own, later ones YAML, and both are written by program in blocks
 * of the same form. It does not say what is for development.
 */
export function parseYarnLock(...[content, path, warnings]: Parameters<DeclaredParse>) {
  const declarations = new Declarations(path, warnings);
  let descriptor = '';
  let fields = new Map<string, string>();
  const finish = () => {
    const name = nameOf(descriptor, fields.get('resolution'));
    if (name && fields.has('version')) declarations.add(name, fields.get('version'));
    fields = new Map();
  };
  for (const line of linesOf(content)) {
    if (line === '' || line.startsWith('#')) continue;
    if (line[0] !== ' ') {
      finish();
      descriptor = line;
    } else {
      const [, key, value] = /^ {2}(version|resolution):? "?([^"]*)"?$/.exec(line) ?? [];
      if (key) fields.set(key, value!);
    }
  }
  finish();
  return declarations.list;
}

/** `"@a/b@^1.0.0", "@a/b@^1.1.0":` or the resolution `@a/b@npm:1.1.0`; workspaces are the project itself. */
function nameOf(descriptors: string, resolution: string | undefined): string | undefined {
  const first = resolution ?? descriptors.split(', ', 1)[0]!.replace(/:$/, '').replaceAll('"', '');
  const [, name, protocol, rest] = /^(@[^/@]+\/[^@]+|[^@]+)@(?:([a-z+]+):)?(.*)$/.exec(first) ?? [];
  if (!name || protocol === 'workspace' || protocol === 'link' || protocol === 'portal') return undefined;
  // Yarn 1 writes an alias as `alias@npm:name@^1.0.0`.
  const alias = resolution === undefined && protocol === 'npm' ? /^(@?[^@]+)@/.exec(rest!)?.[1] : undefined;
  return alias ?? name;
}

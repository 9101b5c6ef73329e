import { Declarations, type DeclaredParse } from '../declared.ts';
import { linesOf } from '../lines.ts';
import { type LockFile, maxPlain, named } from './lock-file.ts';

export const mixLock: LockFile = {
  name: 'mix-lock',
  type: 'hex',
  isNamed: named('mix.lock'),
  maxBytes: maxPlain,
  parse: parseMixLock,
};

export const rebarLock: LockFile = {
  name: 'rebar-lock',
  type: 'hex',
  isNamed: named('rebar.lock'),
  maxBytes: maxPlain,
  parse: parseRebarLock,
};

/** The packages of a mix.lock: `"jason": {:hex, :jason, "1.4.0", …`, one on a line. */
export function parseMixLock(...[content, path, warnings]: Parameters<DeclaredParse>) {
  return byLine(/^\s{0,9}"[^"]{1,256}":\s{0,9}\{:hex,\s{0,9}:"?([^",\s]{1,256})"?,\s{0,9}"([^"]{1,256})"/)(
    content,
    path,
    warnings,
  );
}

/** The packages of a rebar.lock: `{<<"cowboy">>,{pkg,<<"cowboy">>,<<"2.9.0">>},0}`, one on a line. */
export function parseRebarLock(...[content, path, warnings]: Parameters<DeclaredParse>) {
  return byLine(/\{pkg,\s{0,9}<<"([^"]{1,256})">>,\s{0,9}<<"([^"]{1,256})">>/)(content, path, warnings);
}

function byLine(pattern: RegExp): DeclaredParse {
  return (content, path, warnings) => {
    const declarations = new Declarations(path, warnings);
    for (const line of linesOf(content)) {
      const [, name, version] = pattern.exec(line) ?? [];
      if (name) declarations.add(name, version);
    }
    return declarations.list;
  };
}

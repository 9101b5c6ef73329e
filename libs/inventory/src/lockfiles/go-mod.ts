import { Declarations, type DeclaredParse } from '../declared.ts';
import { linesOf } from '../lines.ts';
import { type LockFile, maxPlain, named } from './lock-file.ts';

export const goMod: LockFile = {
  name: 'go-mod',
  type: 'golang',
  isNamed: named('go.mod'),
  maxBytes: maxPlain,
  parse: parseGoMod,
};

interface Replacement {
  readonly module: string;
  /** Only this version is replaced. */
  readonly of: string;
  readonly by: string;
  /** Absent for a directory. */
  readonly version: string | undefined;
}

/** The modules that a go.mod requires, with its replacements; from Go 1.17 on these are all that are built in. */
export function parseGoMod(...[content, path, warnings]: Parameters<DeclaredParse>) {
  const required: [module: string, version: string][] = [];
  const replacements: Replacement[] = [];
  for (const { verb, words } of directives(content)) {
    if (verb === 'require' && words.length >= 2) required.push([words[0]!, words[1]!]);
    const arrow = words.indexOf('=>');
    if (verb !== 'replace' || arrow < 1 || words.length < arrow + 2) continue;
    const [module, of = ''] = words.slice(0, arrow);
    replacements.push({ module: module!, of, by: words[arrow + 1]!, version: words[arrow + 2] });
  }
  const byModule = new Map(replacements.map((each) => [`${each.module}\n${each.of}`, each]));
  const declarations = new Declarations(path, warnings);
  for (const [module, version] of required) {
    const replaced = byModule.get(`${module}\n${version}`) ?? byModule.get(`${module}\n`);
    if (!replaced) declarations.add(module, version);
    else if (replaced.version) declarations.add(replaced.by, replaced.version);
  }
  return declarations.list;
}

/** One directive a line, or in a block of its verb: `require ( … )`. */
function* directives(content: Buffer): Generator<{ verb: string; words: string[] }> {
  let block = '';
  for (const line of linesOf(content)) {
    const comment = line.indexOf('//');
    const words = (comment === -1 ? line : line.slice(0, comment)).trim().split(/\s+/).map(unquoted);
    if (words[0] === '') continue;
    if (words[0] === ')') block = '';
    else if (words[1] === '(' && words.length === 2) block = words[0]!;
    else if (block !== '') yield { verb: block, words };
    else yield { verb: words[0]!, words: words.slice(1) };
  }
}

function unquoted(word: string): string {
  return /^(["`]).*\1$/.test(word) && word.length > 1 ? word.slice(1, -1) : word;
}

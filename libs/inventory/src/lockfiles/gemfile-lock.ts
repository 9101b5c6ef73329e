import { Declarations, type DeclaredParse } from '../declared.ts';
import { linesOf } from '../lines.ts';
import { type LockFile, maxPlain, named } from './lock-file.ts';

export const gemfileLock: LockFile = {
  name: 'gemfile-lock',
  type: 'gem',
  isNamed: named('Gemfile.lock', 'gems.locked'),
  maxBytes: maxPlain,
  parse: parseGemfileLock,
};

/** The gems of a Gemfile.lock: four blanks before a gem, six before what it needs. `PATH` is the project's own. */
export function parseGemfileLock(...[content, path, warnings]: Parameters<DeclaredParse>) {
  const declarations = new Declarations(path, warnings);
  let section = '';
  for (const line of linesOf(content)) {
    if (/^[A-Z]/.test(line)) section = line.trim();
    if (section !== 'GEM' && section !== 'GIT' && section !== 'PLUGIN SOURCE') continue;
    const [, name, version, platform] = /^ {4}([^\s(]+) \(([^\s)-]+)(?:-([^\s)]+))?\)$/.exec(line) ?? [];
    if (name) declarations.add(name, version, platform ? { qualifiers: { platform } } : {});
  }
  return declarations.list;
}

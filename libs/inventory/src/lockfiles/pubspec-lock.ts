import { Declarations, type DeclaredParse } from '../declared.ts';
import { fieldsOf } from '../document.ts';
import { blockMapOf } from './block-map.ts';
import { type LockFile, maxPlain, named } from './lock-file.ts';

export const pubspecLock: LockFile = {
  name: 'pubspec-lock',
  type: 'pub',
  isNamed: named('pubspec.lock'),
  maxBytes: maxPlain,
  parse: parsePubspecLock,
};

/** The packages of a pubspec.lock that come from a server or a repository; those of the SDK and of directories do not. */
export function parsePubspecLock(...[content, path, warnings]: Parameters<DeclaredParse>) {
  const { packages } = blockMapOf(content);
  if (packages === undefined) throw new TypeError('is no lock file of Dart');
  const declarations = new Declarations(path, warnings);
  for (const [name, about] of Object.entries(fieldsOf(packages))) {
    const { version, source, dependency } = fieldsOf(about);
    if (source === 'hosted' || source === 'git')
      declarations.add(name, version, { isDev: dependency === 'direct dev' });
  }
  return declarations.list;
}

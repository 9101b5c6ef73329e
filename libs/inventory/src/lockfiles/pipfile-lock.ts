import { Declarations, type DeclaredParse } from '../declared.ts';
import { fieldsOf, jsonOf, objectOf, textIn } from '../document.ts';
import { type LockFile, maxPlain, named } from './lock-file.ts';

export const pipfileLock: LockFile = {
  name: 'pipfile-lock',
  type: 'pypi',
  isNamed: named('Pipfile.lock'),
  maxBytes: maxPlain,
  parse: parsePipfileLock,
};

/** The packages of a Pipfile.lock; its sections are `default`, `develop` and further groups. */
export function parsePipfileLock(...[content, path, warnings]: Parameters<DeclaredParse>) {
  const { _meta, ...sections } = objectOf(jsonOf(content));
  const declarations = new Declarations(path, warnings);
  for (const [section, packages] of Object.entries(sections)) {
    for (const [name, about] of Object.entries(fieldsOf(packages))) {
      const version = textIn(fieldsOf(about).version)?.replace(/^={2,3}/, '');
      // Repositories and directories have no version.
      if (version) declarations.add(name, version, { isDev: section === 'develop' });
    }
  }
  return declarations.list;
}

import { Declarations, type DeclaredParse } from '../declared.ts';
import { textOf } from '../document.ts';
import { baseName } from '../file-name.ts';
import type { LockFile } from './lock-file.ts';

export const requirements: LockFile = {
  name: 'requirements',
  type: 'pypi',
  isNamed: (base) =>
    base.endsWith('.txt') && /^(?:[A-Za-z0-9]{1,40}[-_.])?requirements(?:[-_.][A-Za-z0-9_.-]{0,99})?\.txt$/.test(base),
  maxBytes: 4 * 1024 * 1024,
  parse: parseRequirements,
};

/** The pinned requirements (`name==1.0`) of a file for pip; ranges say nothing of what is installed. */
export function parseRequirements(...[content, path, warnings]: Parameters<DeclaredParse>) {
  const declarations = new Declarations(path, warnings);
  const isDev = /(?:^|[-_.])(?:dev|devel|develop|development|tests?|testing|docs?|lint|ci)(?=[-_.])/.test(
    baseName(path),
  );
  for (const raw of textOf(content).split('\n')) {
    const line = raw
      .slice(0, 4096)
      .replace(/(?:^|\s)#.*$/, '')
      .trim();
    const [, name, version] =
      /^([A-Za-z0-9][A-Za-z0-9._-]{0,200})\s{0,9}(?:\[[^\]]{0,500}\])?\s{0,9}\(?===?\s{0,9}([^\s;,\\)]+)/.exec(line) ??
      [];
    const isPin = name !== undefined && !version!.includes('*') && !/^[^;]{0,500},/.test(line);
    if (isPin) declarations.add(name, version, { isDev });
  }
  return declarations.list;
}

import { Declarations, type DeclaredParse } from '../declared.ts';
import { fieldsOf, jsonOf, listOf, objectOf, textIn, textOf } from '../document.ts';
import { type LockFile, maxPlain, named } from './lock-file.ts';

export const bunLock: LockFile = {
  name: 'bun-lock',
  type: 'npm',
  isNamed: named('bun.lock'),
  maxBytes: maxPlain,
  parse: parseBunLock,
};

export const denoLock: LockFile = {
  name: 'deno-lock',
  type: 'npm',
  isNamed: named('deno.lock'),
  maxBytes: maxPlain,
  parse: parseDenoLock,
};

/** The packages of a bun.lock: JSON with commas before closing brackets; `"a": ["a@1.0.0", …]`. */
export function parseBunLock(...[content, path, warnings]: Parameters<DeclaredParse>) {
  const { packages } = objectOf(jsonOf(Buffer.from(withoutTrailingCommas(textOf(content)))));
  const declarations = new Declarations(path, warnings);
  for (const about of Object.values(fieldsOf(packages))) addPinned(declarations, listOf(about)[0]);
  return declarations.list;
}

/** The npm packages of a deno.lock; of JSR and plain addresses no advisories speak. */
export function parseDenoLock(...[content, path, warnings]: Parameters<DeclaredParse>) {
  const { npm, packages } = objectOf(jsonOf(content));
  const declarations = new Declarations(path, warnings);
  // Version 3 has them one level down; peers follow an underscore: `a@1.0.0_b@2.0.0`.
  const all = fieldsOf(npm ?? fieldsOf(packages).npm);
  for (const id of Object.keys(all)) addPinned(declarations, id);
  return declarations.list;
}

/** `@a/b@1.0.0`; `a@workspace:…` and `a@github:…` have no version. */
function addPinned(declarations: Declarations, id: unknown): void {
  const [, name, version] = /^(@?[^@]+)@(\d[^@_]*)/.exec(textIn(id) ?? '') ?? [];
  if (name) declarations.add(name, version);
}

/** Bun writes one field on a line, so that a comma to drop ends its line. */
function withoutTrailingCommas(text: string): string {
  const lines = text.split('\n');
  return lines
    .map((line, i) => (line.endsWith(',') && /^\s{0,99}[\]}]/.test(lines[i + 1] ?? '') ? line.slice(0, -1) : line))
    .join('\n');
}

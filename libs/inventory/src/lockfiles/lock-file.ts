import type { DeclaredParse } from '../declared.ts';
import type { PackageType } from '../package.ts';

/** A format in which a project pins what it depends on. */
export interface LockFile {
  readonly name: string;
  readonly type: PackageType;
  /** Whether the last segment of a path is the name of such a file. */
  readonly isNamed: (base: string) => boolean;
  readonly maxBytes: number;
  readonly parse: DeclaredParse;
}

const mebibyte = 1024 * 1024;

/** Most bytes of JSON and of formats read by line, and of TOML. A list of empty lists takes forty times its bytes. */
export const maxPlain = 8 * mebibyte;
export const maxToml = 4 * mebibyte;

/** Files of exactly these names. */
export function named(...names: string[]): (base: string) => boolean {
  return (base) => names.includes(base);
}

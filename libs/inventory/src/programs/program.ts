/**
 * A program or library that is told by its file's name and by a text in it. Versions are the first group of a pattern.
 *
 * Patterns run over every byte of the file in pieces, so that each must be linear in time: no quantifier without an upper
 * bound, none nested in another, and at most `maxReach` characters from the first to the last.
 */
export interface Program {
  /** As advisories and the project itself call it. */
  readonly name: string;
  /** Names of the file, whole; more than one program may have the same. */
  readonly files?: readonly string[];
  /** Or the form of its path, for names that hold a version. */
  readonly path?: RegExp;
  /** In the order of their weight: the first that is found in the file gives the version. */
  readonly evidence: readonly Evidence[];
  /** It is a script or a text, not machine code. */
  readonly isText?: true;
}

export interface Evidence {
  /** A text without which the pattern cannot match: looking for it first is much quicker. */
  readonly anchor?: string;
  /** The pattern, or how to make it from what `path` of the program matched. */
  readonly pattern: RegExp | ((path: RegExpExecArray) => RegExp);
  /** The name in place of the program's: a distribution of it. */
  readonly name?: string;
}

/** The farthest that a pattern looks ahead. */
export const maxReach = 1200;

/** `1.2`, `1.2.3`, `1.2.3.4` as a part of a pattern. */
export const dotted = '\\d{1,4}(?:\\.\\d{1,5}){1,3}';

/** Evidence of a text that stands right before the version. */
export function after(text: string, version = dotted, rest = ''): Evidence {
  return { anchor: text, pattern: new RegExp(`${text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}(${version})${rest}`) };
}

import { compareNumerals, compareText, isDigit, isLetter } from './numeral.ts';
import type { Comparison, VersionOrder } from './order.ts';

/**
 * Compares two `[epoch:]version[-release]` as vercmp(8) of pacman does. The release counts only where both have one, so
 * that `1.0`, `1.0-1` and `1.0-2` are no strict order: compare full versions with full versions.
 */
export function comparePacman(a: string, b: string): Comparison {
  const [one, two] = [split(a), split(b)];
  const order = compareNumerals(one.epoch, two.epoch) || comparePart(one.version, two.version);
  if (order !== 0 || one.release === undefined || two.release === undefined) return order;
  return comparePart(one.release, two.release);
}

/** Whether the text can be the version of a package. */
export function isPacman(version: string): boolean {
  return /^(?:[0-9]+:)?[^\s:/-]+(?:-[0-9]+(?:\.[0-9]+)?)?$/.test(version);
}

/** Version order of Arch Linux. */
export const pacmanOrder: VersionOrder = { compare: comparePacman, isValid: isPacman };

function split(version: string): { epoch: string; version: string; release: string | undefined } {
  const text = inBytes(version);
  const epoch = /^[0-9]*:/.exec(text)?.[0] ?? '';
  const rest = text.slice(epoch.length);
  const hyphen = rest.lastIndexOf('-');
  if (hyphen < 0) return { epoch: epoch.slice(0, -1), version: rest, release: undefined };
  return { epoch: epoch.slice(0, -1), version: rest.slice(0, hyphen), release: rest.slice(hyphen + 1) };
}

/** Separators are counted in bytes of UTF-8. */
function inBytes(text: string): string {
  return /^[\0-\u007f]*$/.test(text) ? text : Buffer.from(text, 'utf8').toString('latin1');
}

// `rpmvercmp` of libalpm, which, unlike rpm's, counts separators and lets `1.0a` sort before `1.0`.
function comparePart(a: string, b: string): Comparison {
  let i = 0;
  let j = 0;
  while (i < a.length && j < b.length) {
    const [nextA, nextB] = [runEnd(a, i, isSeparator), runEnd(b, j, isSeparator)];
    const [separatorsA, separatorsB] = [nextA - i, nextB - j];
    i = nextA;
    j = nextB;
    if (i >= a.length || j >= b.length) break;
    if (separatorsA !== separatorsB) return separatorsA < separatorsB ? -1 : 1;
    const isPart = isDigit(a.charCodeAt(i)) ? isDigit : isLetter;
    const [endA, endB] = [runEnd(a, i, isPart), runEnd(b, j, isPart)];
    if (endB === j) return isPart === isDigit ? 1 : -1;
    const order = (isPart === isDigit ? compareNumerals : compareText)(a.slice(i, endA), b.slice(j, endB));
    if (order !== 0) return order;
    i = endA;
    j = endB;
  }
  return compareEnds(a, i, b, j);
}

function compareEnds(a: string, i: number, b: string, j: number): Comparison {
  if (i >= a.length && j >= b.length) return 0;
  const isRestOfB = i >= a.length && !isLetter(b.charCodeAt(j));
  return isRestOfB || (i < a.length && isLetter(a.charCodeAt(i))) ? -1 : 1;
}

function isSeparator(code: number): boolean {
  return !isDigit(code) && !isLetter(code);
}

function runEnd(text: string, start: number, isPart: (code: number) => boolean): number {
  let end = start;
  while (end < text.length && isPart(text.charCodeAt(end))) end++;
  return end;
}

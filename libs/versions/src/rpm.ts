import { compareNumerals, compareText, isDigit, isLetter } from './numeral.ts';
import type { Comparison, VersionOrder } from './order.ts';

/** Compares two `[epoch:]version[-release]` as rpm does; a missing epoch is 0. */
export function compareRpm(a: string, b: string): Comparison {
  const [one, two] = [split(a), split(b)];
  return (
    compareNumerals(one.epoch, two.epoch) ||
    compareRpmPart(one.version, two.version) ||
    compareReleases(one.release, two.release)
  );
}

// A version without release is below the same version with any, even an empty one.
function compareReleases(a: string | undefined, b: string | undefined): Comparison {
  if (a === undefined || b === undefined) return a === b ? 0 : a === undefined ? -1 : 1;
  return compareRpmPart(a, b);
}

/** `rpmvercmp` of rpm 4.15 and later, with `~` (before the end) and `^` (after it); for one version or one release. */
export function compareRpmPart(a: string, b: string): Comparison {
  let i = 0;
  let j = 0;
  for (;;) {
    i = skipSeparators(a, i);
    j = skipSeparators(b, j);
    const mark = compareMarks(a[i], b[j]);
    if (mark === 'both') {
      i++;
      j++;
      continue;
    }
    if (mark !== 0) return mark;
    if (i >= a.length || j >= b.length) break;
    const isPart = isDigit(a.charCodeAt(i)) ? isDigit : isLetter;
    const [endA, endB] = [segmentEnd(a, i, isPart), segmentEnd(b, j, isPart)];
    // A number is newer than letters.
    if (endB === j) return isPart === isDigit ? 1 : -1;
    const order = (isPart === isDigit ? compareNumerals : compareText)(a.slice(i, endA), b.slice(j, endB));
    if (order !== 0) return order;
    i = endA;
    j = endB;
  }
  if (i >= a.length) return j >= b.length ? 0 : -1;
  return 1;
}

/** Whether the version can be one of a package: no space, no empty version, `-` only before the release. */
export function isRpm(text: string): boolean {
  const { epoch, version, release = '' } = split(text);
  if (!/^[0-9]*$/.test(epoch) || text.startsWith(':') || text.endsWith('-')) return false;
  return /^[A-Za-z0-9._+~^]+$/.test(version) && /^[A-Za-z0-9._+~^]*$/.test(release);
}

/** Version order of Red Hat, SUSE, AlmaLinux, Rocky, Oracle, Amazon and others. */
export const rpmOrder: VersionOrder = { compare: compareRpm, isValid: isRpm };

function split(text: string): { epoch: string; version: string; release: string | undefined } {
  const colon = text.indexOf(':');
  const epoch = colon > 0 && /^[0-9]+$/.test(text.slice(0, colon)) ? text.slice(0, colon) : '';
  const rest = epoch === '' ? text : text.slice(colon + 1);
  const hyphen = rest.lastIndexOf('-');
  if (hyphen < 0) return { epoch, version: rest, release: undefined };
  return { epoch, version: rest.slice(0, hyphen), release: rest.slice(hyphen + 1) };
}

function compareMarks(x: string | undefined, y: string | undefined): Comparison | 'both' {
  if (x === '~' || y === '~') return x === y ? 'both' : x === '~' ? -1 : 1;
  if (x !== '^' && y !== '^') return 0;
  if (x === y) return 'both';
  // A caret is newer than the end and older than anything that goes on.
  if (x === undefined) return -1;
  if (y === undefined) return 1;
  return x === '^' ? -1 : 1;
}

function skipSeparators(text: string, start: number): number {
  let at = start;
  while (at < text.length && !isSegment(text.charCodeAt(at))) at++;
  return at;
}

function isSegment(code: number): boolean {
  return isDigit(code) || isLetter(code) || code === 126 || code === 94;
}

function segmentEnd(text: string, start: number, isPart: (code: number) => boolean): number {
  let end = start;
  while (end < text.length && isPart(text.charCodeAt(end))) end++;
  return end;
}

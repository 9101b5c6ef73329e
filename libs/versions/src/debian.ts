import { compareNumerals, isDigit, isLetter } from './numeral.ts';
import type { Comparison, VersionOrder } from './order.ts';

// deb-version(7): [epoch:]upstream-version[-debian-revision]

/** Compares as `dpkg --compare-versions` does. */
export function compareDebian(a: string, b: string): Comparison {
  const [one, two] = [split(a), split(b)];
  return (
    compareNumerals(one.epoch, two.epoch) ||
    comparePart(one.upstream, two.upstream) ||
    comparePart(one.revision, two.revision)
  );
}

/** Whether dpkg takes the version without a complaint. */
export function isDebian(version: string): boolean {
  const { epoch, upstream, revision } = split(version);
  if (version.includes(':') && (epoch === '' || Number(epoch) > 2_147_483_647)) return false;
  if (version.trimEnd().endsWith('-')) return false;
  return /^[0-9][A-Za-z0-9.+~:-]*$/.test(upstream) && /^[A-Za-z0-9.+~]*$/.test(revision);
}

/** Version order of Debian, Ubuntu and their derivatives. */
export const debianOrder: VersionOrder = { compare: compareDebian, isValid: isDebian };

interface DebianVersion {
  readonly epoch: string;
  readonly upstream: string;
  readonly revision: string;
}

function split(version: string): DebianVersion {
  const text = version.trim();
  const colon = text.indexOf(':');
  // Something else than digits before the colon is no epoch.
  const epoch = colon > 0 && /^[0-9]+$/.test(text.slice(0, colon)) ? text.slice(0, colon) : '';
  const rest = epoch === '' ? text : text.slice(colon + 1);
  const hyphen = rest.lastIndexOf('-');
  if (hyphen < 0) return { epoch, upstream: rest, revision: '' };
  return { epoch, upstream: rest.slice(0, hyphen), revision: rest.slice(hyphen + 1) };
}

/** Non-digits and digits in turn, as `verrevcmp` of dpkg. */
function comparePart(a: string, b: string): Comparison {
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    while (isText(a, i) || isText(b, j)) {
      const difference = weight(a, i) - weight(b, j);
      if (difference !== 0) return difference < 0 ? -1 : 1;
      i++;
      j++;
    }
    const [endA, endB] = [endOfDigits(a, i), endOfDigits(b, j)];
    const numbers = compareNumerals(a.slice(i, endA), b.slice(j, endB));
    if (numbers !== 0) return numbers;
    i = endA;
    j = endB;
  }
  return 0;
}

function isText(text: string, at: number): boolean {
  return at < text.length && !isDigit(text.charCodeAt(at));
}

/** `~` sorts before the end, the end before letters, letters before everything else. */
function weight(text: string, at: number): number {
  if (at >= text.length) return 0;
  const code = text.charCodeAt(at);
  if (code === 126) return -1;
  if (isDigit(code)) return 0;
  return isLetter(code) ? code : code + 256;
}

function endOfDigits(text: string, start: number): number {
  let end = start;
  while (end < text.length && isDigit(text.charCodeAt(end))) end++;
  return end;
}

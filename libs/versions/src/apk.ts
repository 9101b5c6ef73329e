import { compareNumerals, compareText, isDigit } from './numeral.ts';
import type { Comparison, VersionOrder } from './order.ts';

// apk-package(5) and src/version.c of apk-tools 3: number{.number}{letter}{_suffix{number}}{~hash}{-rnumber}

/** Compares as `apk version -t` of apk-tools 3 does. */
export function compareApk(a: string, b: string): Comparison {
  const [one, two] = [tokens(a), tokens(b)];
  for (;;) {
    const [x, y] = [one.next().value, two.next().value];
    if (x.kind !== y.kind || x.kind >= Kind.End) return compareKinds(x, y);
    const order = compareTokens(x, y);
    if (order !== 0) return order;
  }
}

/** Whether apk takes the version. */
export function isApk(version: string): boolean {
  for (const token of tokens(version)) {
    if (token.kind === Kind.Invalid) return false;
    if (token.kind === Kind.End) return true;
  }
  return false;
}

/** Version order of Alpine and its derivatives (Wolfi, Chainguard). */
export const apkOrder: VersionOrder = { compare: compareApk, isValid: isApk };

// In this order: of two versions equal so far, the one whose next token stands earlier is the higher.
const Kind = {
  FirstNumber: 0,
  Number: 1,
  Letter: 2,
  Suffix: 3,
  SuffixNumber: 4,
  Hash: 5,
  Revision: 6,
  End: 7,
  Invalid: 8,
} as const;

interface Token {
  readonly kind: (typeof Kind)[keyof typeof Kind];
  readonly value: string;
}

// The empty name stands for a version without suffix: alpha to rc sort before it, cvs to p after it.
const suffixes = ['alpha', 'beta', 'pre', 'rc', '', 'cvs', 'svn', 'git', 'hg', 'p'];
const plain = suffixes.indexOf('');

function compareTokens(x: Token, y: Token): Comparison {
  switch (x.kind) {
    case Kind.Number:
      // A leading zero makes both fractions: 1.05 < 1.1 as in Gentoo's rules.
      if (x.value.startsWith('0') || y.value.startsWith('0')) return compareText(x.value, y.value);
      return compareNumerals(x.value, y.value);
    case Kind.FirstNumber:
    case Kind.SuffixNumber:
    case Kind.Revision:
      return compareNumerals(x.value, y.value);
    case Kind.Suffix:
      return Math.sign(suffixes.indexOf(x.value) - suffixes.indexOf(y.value)) as Comparison;
    default:
      return compareText(x.value, y.value);
  }
}

function compareKinds(x: Token, y: Token): Comparison {
  const isPre = (token: Token) => token.kind === Kind.Suffix && suffixes.indexOf(token.value) < plain;
  if (isPre(x) !== isPre(y)) return isPre(x) ? -1 : 1;
  return Math.sign(y.kind - x.kind) as Comparison;
}

/** The tokens of a version; the last is End or Invalid and is repeated for ever. */
function* tokens(version: string): Generator<Token, never> {
  let at = 0;
  let kind: Token['kind'] = Kind.FirstNumber;
  const take = (next: Token['kind'], start: number, end: number): Token => {
    at = end;
    kind = next;
    return { kind, value: version.slice(start, end) };
  };
  const first = runEnd(version, 0, isDigit);
  if (first > 0) yield take(Kind.FirstNumber, 0, first);
  while (first > 0 && at < version.length) {
    const token = nextToken(version, at, kind);
    if (!token) break;
    yield take(token.kind, token.start, token.end);
  }
  for (;;) yield { kind: first > 0 && at === version.length ? Kind.End : Kind.Invalid, value: '' };
}

interface Span {
  readonly kind: Token['kind'];
  readonly start: number;
  readonly end: number;
}

function nextToken(version: string, at: number, previous: Token['kind']): Span | undefined {
  const code = version.charCodeAt(at);
  const span = (kind: Token['kind'], start: number, end: number) => (end > start ? { kind, start, end } : undefined);
  if (isDigit(code)) {
    return previous === Kind.Suffix ? span(Kind.SuffixNumber, at, runEnd(version, at, isDigit)) : undefined;
  }
  if (code === dot) {
    return previous <= Kind.Number ? span(Kind.Number, at + 1, runEnd(version, at + 1, isDigit)) : undefined;
  }
  if (isLowerCase(code)) return previous <= Kind.Number ? span(Kind.Letter, at, at + 1) : undefined;
  if (code === underscore && previous <= Kind.SuffixNumber) {
    const found = span(Kind.Suffix, at + 1, runEnd(version, at + 1, isLowerCase));
    return found && suffixes.includes(version.slice(found.start, found.end)) ? found : undefined;
  }
  if (code === tilde && previous <= Kind.SuffixNumber) {
    return span(Kind.Hash, at + 1, runEnd(version, at + 1, isHex));
  }
  if (code === hyphen && previous < Kind.Revision && version[at + 1] === 'r') {
    return span(Kind.Revision, at + 2, runEnd(version, at + 2, isDigit));
  }
  return undefined;
}

const [dot, underscore, tilde, hyphen] = [46, 95, 126, 45];

function runEnd(text: string, start: number, isPart: (code: number) => boolean): number {
  let end = start;
  while (end < text.length && isPart(text.charCodeAt(end))) end++;
  return end;
}

function isLowerCase(code: number): boolean {
  return code >= 97 && code <= 122;
}

function isHex(code: number): boolean {
  return isDigit(code) || (code >= 97 && code <= 102);
}

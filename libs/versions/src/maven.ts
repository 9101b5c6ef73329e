import { compareNumerals, compareText } from './numeral.ts';
import type { Comparison, VersionOrder } from './order.ts';

// ComparableVersion of Maven (POM reference, "Version Order Specification"): nested lists of numbers and qualifiers.

/** Compares as Maven's ComparableVersion does; versions over 1,024 characters sort after all others, by text. */
export function compareMaven(a: string, b: string): Comparison {
  if (a.length > maxLength || b.length > maxLength) {
    if (a.length > maxLength && b.length > maxLength) return compareText(a, b);
    return a.length > maxLength ? 1 : -1;
  }
  return compareItems(parse(a), parse(b));
}

/** Whether Maven can order the version: any text without space or range characters. */
export function isMaven(version: string): boolean {
  return version.length <= maxLength && /^[^\s,()[\]]+$/.test(version);
}

/** Version order of Maven. */
export const mavenOrder: VersionOrder = { compare: compareMaven, isValid: isMaven };

// Lists nest as deep as a version has hyphens; this bounds the recursion.
const maxLength = 1024;

type Item =
  | { readonly kind: 'number'; readonly digits: string }
  | { readonly kind: 'text'; readonly rank: string }
  /** Letters and the digits after them: `rc1`, `rc-1`. */
  | { readonly kind: 'combination'; readonly rank: string; readonly digits: string }
  | { readonly kind: 'list'; readonly items: Item[] };

const qualifiers = ['alpha', 'beta', 'milestone', 'rc', 'snapshot', '', 'sp'];
const releaseRank = String(qualifiers.indexOf(''));
const shorthands: Readonly<Record<string, string>> = { a: 'alpha', b: 'beta', m: 'milestone' };
const aliases: ReadonlyMap<string, string> = new Map([
  ['cr', 'rc'],
  ['ga', ''],
  ['final', ''],
  ['release', ''],
]);

function rankOf(text: string, isBeforeDigits: boolean): string {
  const long = isBeforeDigits ? (shorthands[text] ?? text) : text;
  const name = aliases.get(long) ?? long;
  const index = qualifiers.indexOf(name);
  return index >= 0 ? String(index) : `${qualifiers.length}-${name}`;
}

function textItem(text: string): Item {
  return { kind: 'text', rank: rankOf(text, false) };
}

function itemOf(text: string, isNumber: boolean, isCombination: boolean): Item {
  if (isCombination) {
    const joined = text.replaceAll('-', '');
    const digitsAt = joined.search(/[0-9]/);
    return { kind: 'combination', rank: rankOf(joined.slice(0, digitsAt), true), digits: joined.slice(digitsAt) };
  }
  return isNumber ? { kind: 'number', digits: text } : textItem(text);
}

function parse(version: string): Item {
  const text = version.toLowerCase();
  const root: Item[] = [];
  const open: Item[][] = [root];
  let list = root;
  let start = 0;
  let isNumber = false;
  let isCombination = false;
  const push = (end: number) => list.push(itemOf(text.slice(start, end), isNumber, isCombination));
  const nest = () => {
    const inner: Item[] = [];
    list.push({ kind: 'list', items: inner });
    open.push(inner);
    list = inner;
  };
  for (let i = 0; i < text.length; i++) {
    const character = text[i]!;
    if (character === '.' || character === '-') {
      // `rc-1` is `rc1`.
      if (character === '-' && i > start && !isNumber && isDigitAt(text, i + 1)) {
        isCombination = true;
        continue;
      }
      if (i === start) list.push({ kind: 'number', digits: '0' });
      else push(i);
      isCombination = false;
      start = i + 1;
      if (character === '-' && list.length > 0) nest();
    } else if (isDigitAt(text, i)) {
      if (!isNumber && i > start) {
        isCombination = true;
        if (list.length > 0) nest();
      }
      isNumber = true;
    } else {
      if (isNumber && i > start) {
        push(i);
        start = i;
        nest();
        isCombination = false;
      }
      isNumber = false;
    }
  }
  if (text.length > start) {
    // `1.0.x1` is `1.0-x1`.
    if (!isNumber && list.length > 0) nest();
    push(text.length);
  }
  for (const items of open.reverse()) normalize(items);
  return { kind: 'list', items: root };
}

function isDigitAt(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code >= 48 && code <= 57;
}

// Zeros, releases and empty lists count for nothing at the end of a list or before a qualifier.
function normalize(items: Item[]): void {
  for (let i = items.length - 1; i >= 0; i--) {
    if (!isNull(items[i]!)) continue;
    const next = items[i + 1];
    const first = next?.kind === 'list' ? next.items[0] : next;
    const isBeforeQualifier = first?.kind === 'text' || (first?.kind === 'combination' && next?.kind === 'list');
    if (next === undefined || isBeforeQualifier) items.splice(i, 1);
  }
}

function isNull(item: Item): boolean {
  if (item.kind === 'number') return /^0*$/.test(item.digits);
  if (item.kind === 'list') return item.items.length === 0;
  return item.kind === 'text' && item.rank === releaseRank;
}

// Of two kinds at one place: letters < letters with digits < list < number.
const kinds = ['text', 'combination', 'list', 'number'];

function compareItems(x: Item | undefined, y: Item | undefined): Comparison {
  if (!x || !y) return x ? compareToNothing(x) : y ? (-compareToNothing(y) as Comparison) : 0;
  if (x.kind === 'number' && y.kind === 'number') return compareNumerals(x.digits, y.digits);
  if (x.kind === 'list' && y.kind === 'list') return compareLists(x.items, y.items);
  if ('rank' in x && 'rank' in y) {
    const order = compareText(x.rank, y.rank) || compareKinds(x, y);
    return order || compareNumerals('digits' in x ? x.digits : '', 'digits' in y ? y.digits : '');
  }
  return compareKinds(x, y);
}

function compareKinds(x: Item, y: Item): Comparison {
  return Math.sign(kinds.indexOf(x.kind) - kinds.indexOf(y.kind)) as Comparison;
}

function compareLists(a: readonly Item[], b: readonly Item[]): Comparison {
  for (let i = 0; i < a.length || i < b.length; i++) {
    const order = compareItems(a[i], b[i]);
    if (order !== 0) return order;
  }
  return 0;
}

function compareToNothing(item: Item): Comparison {
  if (item.kind === 'number') return isNull(item) ? 0 : 1;
  if (item.kind !== 'list') return compareText(item.rank, releaseRank);
  for (const inner of item.items) {
    const order = compareToNothing(inner);
    if (order !== 0) return order;
  }
  return 0;
}

import { compareNumerals, compareText, isDigit } from './numeral.ts';
import type { Comparison, VersionOrder } from './order.ts';

// ComparableVersion of Maven 3.9: a list of numbers and qualifiers in which a hyphen, and every change between digits
// and letters, opens a list inside the list. An inner list is always the last of its outer one, so a version is a chain
// of lists and nothing here recurses.

/** Compares as ComparableVersion of Maven 3.9 does. */
export function compareMaven(a: string, b: string): Comparison {
  const [one, two] = [read(a), read(b)];
  for (let depth = 0; ; depth++) {
    const [left, right] = [one[depth]!, two[depth]!];
    const shared = Math.min(left.length, right.length);
    for (let i = 0; i < shared; i++) {
      const order = compareItems(left[i]!, right[i]!);
      if (order !== 0) return order;
    }
    const [hasMoreLeft, hasMoreRight] = [depth + 1 < one.length, depth + 1 < two.length];
    if (left.length === right.length && hasMoreLeft && hasMoreRight) continue;
    // The inner list of the shorter one stands against an item of the longer.
    if (left.length > shared && hasMoreRight) return isNumber(left[shared]!) ? 1 : -1;
    if (right.length > shared && hasMoreLeft) return isNumber(right[shared]!) ? -1 : 1;
    const rest = (lists: readonly Item[][]) => compareToNothing(lists[depth]!, shared) || restBelow(lists, depth + 1);
    return rest(one) || (-rest(two) as Comparison) || 0;
  }
}

/** Whether Maven can order the version: any text without space or range characters. */
export function isMaven(version: string): boolean {
  return /^[^\s,()[\]]+$/.test(version);
}

/** Version order of Maven. */
export const mavenOrder: VersionOrder = { compare: compareMaven, isValid: isMaven };

/** Digits, or the rank of a qualifier as Maven compares it: its index, or the number of indexes and the word. */
type Item = { readonly digits: string } | { readonly rank: string };

const qualifiers = ['alpha', 'beta', 'milestone', 'rc', 'snapshot', '', 'sp'];
const release = String(qualifiers.indexOf(''));
const zero: Item = { digits: '0' };
const shorthands: ReadonlyMap<string, string> = new Map([
  ['a', 'alpha'],
  ['b', 'beta'],
  ['m', 'milestone'],
]);
const aliases: ReadonlyMap<string, string> = new Map([
  ['cr', 'rc'],
  ['ga', ''],
  ['final', ''],
  ['release', ''],
]);

/** The lists of a version, each inside the one before it. */
function read(version: string): Item[][] {
  const text = withAsciiDigits(version.toLowerCase());
  const lists: Item[][] = [[]];
  const push = (item: Item) => lists.at(-1)!.push(item);
  let start = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === dot || code === hyphen) {
      push(i === start ? zero : itemOf(text.slice(start, i), false));
      start = i + 1;
      if (code === hyphen) lists.push([]);
      continue;
    }
    if (i === start || isDigit(code) === isDigit(text.charCodeAt(i - 1))) continue;
    // `.x1` is `-x1`.
    if (isDigit(code) && lists.at(-1)!.length > 0) lists.push([]);
    push(itemOf(text.slice(start, i), isDigit(code)));
    lists.push([]);
    start = i;
  }
  if (start === text.length) return normalized(lists);
  const last = itemOf(text.slice(start), false);
  if (!isNumber(last) && lists.at(-1)!.length > 0) lists.push([]);
  push(last);
  return normalized(lists);
}

const [hyphen, dot] = [45, 46];

function itemOf(text: string, isBeforeDigit: boolean): Item {
  if (isDigit(text.charCodeAt(0))) return { digits: text };
  const long = isBeforeDigit ? (shorthands.get(text) ?? text) : text;
  const name = aliases.get(long) ?? long;
  const index = qualifiers.indexOf(name);
  return { rank: index >= 0 ? String(index) : `${qualifiers.length}-${name}` };
}

// Zeros, releases and empty lists count for nothing at the end of a list.
function normalized(lists: Item[][]): Item[][] {
  for (const list of lists) while (list.length > 0 && compareItemToNothing(list.at(-1)!) === 0) list.pop();
  while (lists.length > 1 && lists.at(-1)!.length === 0) lists.pop();
  return lists;
}

function isNumber(item: Item): item is { readonly digits: string } {
  return 'digits' in item;
}

function compareItems(x: Item, y: Item): Comparison {
  if (isNumber(x)) return isNumber(y) ? compareNumerals(x.digits, y.digits) : 1;
  return isNumber(y) ? -1 : compareText(x.rank, y.rank);
}

function compareItemToNothing(item: Item): Comparison {
  return isNumber(item) ? compareNumerals(item.digits, '0') : compareText(item.rank, release);
}

function compareToNothing(items: readonly Item[], from: number): Comparison {
  for (let i = from; i < items.length; i++) {
    const order = compareItemToNothing(items[i]!);
    if (order !== 0) return order;
  }
  return 0;
}

function restBelow(lists: readonly Item[][], from: number): Comparison {
  for (let depth = from; depth < lists.length; depth++) {
    const order = compareToNothing(lists[depth]!, 0);
    if (order !== 0) return order;
  }
  return 0;
}

/** Digits of other scripts are numbers to Maven (`Character.isDigit`); Unicode has them in runs from 0 to 9. */
function withAsciiDigits(text: string): string {
  return text.replace(/[^\0-\u007f]/g, (character) => {
    if (!otherDigit.test(character)) return character;
    let value = 0;
    while (value < 9 && otherDigit.test(String.fromCharCode(character.charCodeAt(0) - value - 1))) value++;
    return String(value);
  });
}

const otherDigit = /^\p{Nd}$/u;

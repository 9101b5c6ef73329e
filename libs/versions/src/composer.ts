import { compareNumerals, isNumeral } from './numeral.ts';
import type { Comparison, VersionOrder } from './order.ts';

/** Compares as Composer does: its VersionParser's normal form in the order of PHP's `version_compare`. */
export function compareComposer(a: string, b: string): Comparison {
  const [one, two] = [parts(a), parts(b)];
  for (let i = 0; i < one.length || i < two.length; i++) {
    const order = compareParts(one[i], two[i]);
    if (order !== 0) return order;
  }
  return 0;
}

/** Whether Composer can order the version; branches that are no number (`dev-main`) have no order. */
export function isComposer(version: string): boolean {
  return normalParts(bare(version)) !== undefined;
}

/** Version order of Packagist. */
export const composerOrder: VersionOrder = { compare: compareComposer, isValid: isComposer };

// The modifier of VersionParser::$modifierRegex; its `([.-]?\d+)*` is written so that it matches in one way only.
const modifier = '[._-]?(?:(stable|beta|b|rc|alpha|a|patch|pl|p)(\\d*(?:[.-]\\d+)*))?([.-]?dev)?$';
const classical = new RegExp(`^v?(\\d{1,5}(?:\\.\\d+){0,3})${modifier}`);
const dated = new RegExp(`^v?(\\d{4}(?:[.:-]?\\d{2}){1,6}(?:[.:-]?\\d{1,3})?)${modifier}`);
const branch = /^v?(\d+(?:\.(?:\d+|[x*])){0,3})$/;

/** What a part of a branch (`1.x-dev`) stands for that is left open. */
const open = '9999999';

/** Without alias, stability flag and build metadata. */
function bare(version: string): string {
  const [aliased = ''] = version.trim().split(' as ', 1);
  const text = aliased
    .trimEnd()
    .replace(/@(?:stable|rc|beta|alpha|dev)$/i, '')
    .toLowerCase();
  const plus = text.indexOf('+');
  return plus > 0 && plus < text.length - 1 && !/[,\s]/.test(text) ? text.slice(0, plus) : text;
}

function normalParts(text: string): readonly string[] | undefined {
  const found = classical.exec(text);
  const date = found ? null : dated.exec(text);
  const [, numbers, stage, counters, dev] = found ?? date ?? [];
  if (numbers === undefined) return branchParts(text);
  const release = date ? numbers.split(/\D/) : padded(numbers.split('.'), '0');
  // Composer forgets what follows `-stable`.
  if (stage === 'stable') return release;
  return [...release, ...(stage ? [stage, ...(counters!.match(/\d+/g) ?? [])] : []), ...(dev ? ['dev'] : [])];
}

function branchParts(text: string): readonly string[] | undefined {
  if (!text.endsWith('dev')) return undefined;
  const [, numbers] = branch.exec(text.slice(0, -3).replace(/[.-]$/, '').trim()) ?? [];
  if (numbers === undefined) return undefined;
  return [...padded(numbers.replace(/[x*]/g, open).split('.'), open), 'dev'];
}

function padded(numbers: string[], filler: string): string[] {
  return [...numbers, ...Array<string>(4 - numbers.length).fill(filler)];
}

function parts(version: string): readonly string[] {
  const text = bare(version);
  return normalParts(text) ?? text.match(/[0-9]+|[a-z]+/g) ?? [];
}

const stages: Readonly<Record<string, number>> = {
  dev: 0,
  alpha: 1,
  a: 1,
  beta: 2,
  b: 2,
  rc: 3,
  patch: 5,
  pl: 5,
  p: 5,
};
const release = 4;

// PHP: any other word < dev < alpha < beta < rc < end or number < pl.
function compareParts(x: string | undefined, y: string | undefined): Comparison {
  if (x !== undefined && y !== undefined && isNumeral(x) && isNumeral(y)) return compareNumerals(x, y);
  // Of two versions equal so far the one that goes on with a number is the higher.
  const rank = (part: string | undefined) =>
    part === undefined ? release : isNumeral(part) ? release + 0.5 : Object.hasOwn(stages, part) ? stages[part]! : -1;
  return Math.sign(rank(x) - rank(y)) as Comparison;
}

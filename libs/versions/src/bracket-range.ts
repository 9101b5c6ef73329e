import type { Interval } from './interval.ts';
import { RangeSyntaxError } from './range-syntax-error.ts';

const maxLength = 20_000;
const comparators: Readonly<Record<string, keyof Interval>> = {
  '<': 'before',
  '<=': 'through',
  '>': 'after',
  '>=': 'from',
};

/** The intervals of Maven's and NuGet's notation: `[1.0,2.0),(,0.5],[3.1]`; a single comparator (`<0`) is taken too. */
export function bracketIntervals(text: string): Interval[] {
  if (text.length > maxLength)
    throw new RangeSyntaxError('range_too_long', `a range has at most ${maxLength} characters`);
  const intervals: Interval[] = [];
  let rest = text.trim();
  const single = /^([<>]=?)\s*([^\s,()[\]<>=]+)$/.exec(rest);
  if (single) return [{ [comparators[single[1]!]!]: single[2]! }];
  while (rest !== '') {
    const end = rest.search(/[)\]]/);
    if (end < 0) throw new RangeSyntaxError('range_malformed', `"${text.slice(0, 80)}" has no closing bracket`);
    intervals.push(...intervalOf(rest.slice(0, end + 1)));
    rest = rest.slice(end + 1).replace(/^[\s,|]+/, '');
  }
  return intervals;
}

function intervalOf(text: string): Interval[] {
  const inner = text.slice(1, -1).split(',');
  const isBracketed = /^[[(]/.test(text) && inner.length <= 2 && inner.every((bound) => !/[([]/.test(bound));
  if (!isBracketed) throw new RangeSyntaxError('range_malformed', `"${text.slice(0, 80)}" is no interval`);
  const [low = '', high] = inner.map((bound) => bound.trim());
  // `(1.0)`, which holds nothing, is how GitLab writes that no version is affected.
  if (high === undefined && text.startsWith('(') && text.endsWith(')') && low !== '') return [];
  if (high === undefined) {
    if (low === '' || !text.startsWith('[') || !text.endsWith(']'))
      throw new RangeSyntaxError('range_malformed', `"${text.slice(0, 80)}" is no interval`);
    return [{ from: low, through: low }];
  }
  const lower = low === '' ? {} : text.startsWith('[') ? { from: low } : { after: low };
  const upper = high === '' ? {} : text.endsWith(']') ? { through: high } : { before: high };
  return [{ ...lower, ...upper }];
}

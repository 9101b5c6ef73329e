import { type Interval, intersect, isEmpty } from './interval.ts';
import type { VersionOrder } from './order.ts';
import { RangeSyntaxError } from './range-syntax-error.ts';

const maxLength = 20_000;
/** Of one alternative; each `!=` may split one in two, and each comparator is held against all. */
const maxIntervals = 200;

/** What differs between ecosystems whose ranges are comparators joined by `,` or spaces and alternatives by `||`. */
interface Dialect {
  readonly order: VersionOrder;
  /** What, put behind a release, makes the lowest version of it: `.dev0` in PEP 440. */
  readonly beforeAll: string;
}

/** The intervals of a range of comparators: `>=1.0,<1.2 || ==2.*`. */
export function comparatorIntervals(text: string, dialect: Dialect): Interval[] {
  if (text.length > maxLength)
    throw new RangeSyntaxError('range_too_long', `a range has at most ${maxLength} characters`);
  return text.split('||').flatMap((alternative) => {
    const tokens = alternative
      .replace(/([<>=~^!]+)\s+/g, '$1')
      .split(/[\s,]+/)
      .filter(Boolean);
    if (tokens.length === 0)
      throw new RangeSyntaxError('range_malformed', `"${text.slice(0, 80)}" has an empty alternative`);
    return tokens.reduce<Interval[]>(
      (intervals, token) => {
        const allowed = allowedBy(token, dialect);
        const both = intervals.flatMap((interval) => allowed.map((bound) => intersect(dialect.order, interval, bound)));
        return fewOf(both, dialect);
      },
      [{}],
    );
  });
}

/** The intervals that hold anything, at least one: without the others each `!=` would double their number. */
function fewOf(intervals: readonly Interval[], { order }: Dialect): Interval[] {
  if (intervals.length === 1) return [...intervals];
  const held = intervals.filter((interval) => !isEmpty(order, interval));
  if (held.length > maxIntervals)
    throw new RangeSyntaxError('range_too_long', `a range has at most ${maxIntervals} intervals`);
  return held.length > 0 ? held : intervals.slice(0, 1);
}

function allowedBy(token: string, dialect: Dialect): Interval[] {
  const [operator] = /^(?:[<>]=?|={1,3}|!=|~[>=]?|\^)?/.exec(token)!;
  const version = token.slice(operator.length);
  if (version === '*') return [{}];
  if (version === '' || /[<>=!^~|*]./.test(version)) {
    throw new RangeSyntaxError('range_malformed', `"${token.slice(0, 80)}" is no comparator`);
  }
  switch (operator) {
    case '<':
      return [{ before: version }];
    case '<=':
      return [{ through: version }];
    case '>':
      return [{ after: version }];
    case '>=':
      return [{ from: version }];
    case '!=':
      return [{ before: version }, { after: version }];
    case '~':
    case '~>':
    case '~=':
      return [{ from: version, before: beyond(version, Math.max(0, numbersOf(version).length - 2), dialect) }];
    case '^':
      return [{ from: version, before: beyond(version, significant(version), dialect) }];
    default:
      return [exactly(version, dialect)];
  }
}

function exactly(version: string, dialect: Dialect): Interval {
  if (!version.endsWith('*')) return { from: version, through: version };
  const prefix = version.replace(/\.?\*$/, '');
  const last = numbersOf(prefix).length - 1;
  return { from: prefix + dialect.beforeAll, before: beyond(prefix, last, dialect) };
}

/** The lowest version beyond all that share the numbers up to `place`. */
function beyond(version: string, place: number, dialect: Dialect): string {
  const numbers = numbersOf(version).slice(0, place + 1);
  const last = numbers.pop();
  if (last === undefined) throw new RangeSyntaxError('range_malformed', `"${version.slice(0, 80)}" has no number`);
  return [...numbers, last + 1n].join('.') + dialect.beforeAll;
}

function significant(version: string): number {
  const numbers = numbersOf(version);
  const found = numbers.findIndex((number) => number !== 0n);
  return found < 0 ? numbers.length - 1 : found;
}

function numbersOf(version: string): bigint[] {
  const [release = ''] = /^v?([0-9.]*)/.exec(version)!.slice(1);
  return release
    .split('.')
    .filter(Boolean)
    .map((number) => BigInt(number.slice(0, 40)));
}

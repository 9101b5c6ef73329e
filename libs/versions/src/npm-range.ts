import { type Interval, intersect, isWithin } from './interval.ts';
import { RangeSyntaxError } from './range-syntax-error.ts';
import { readSemantic, semverOrder } from './semver.ts';

// Grammar and desugaring of node-semver ("Range Grammar" and "Advanced Range Syntax" of its README).

/** A primitive comparator of a range. */
interface Comparator {
  readonly operator: '<' | '<=' | '>' | '>=' | '=';
  readonly version: string;
}

/**
 * Whether the version lies in the npm range. Pre-releases count only where the range names one of the same three
 * numbers, unless `includePrerelease` is set. Throws RangeSyntaxError for a text that is no range.
 */
export function satisfiesNpm(
  version: string,
  range: string,
  options: { readonly includePrerelease?: boolean } = {},
): boolean {
  const isIncluded = options.includePrerelease ?? false;
  return comparatorSets(range, isIncluded).some(
    (set) => set.every((one) => holds(version, one)) && (isIncluded || isPrereleaseNamed(version, set)),
  );
}

/** The intervals of an npm range, pre-releases included: what an advisory means by it. */
export function npmIntervals(range: string): Interval[] {
  return comparatorSets(range, false).flatMap((set) => intervalOf(set));
}

function comparatorSets(range: string, includePrerelease: boolean): Comparator[][] {
  if (range.length > maxLength)
    throw new RangeSyntaxError('range_too_long', `a range has at most ${maxLength} characters`);
  const sets = range.split('||').map((text) => desugarSet(text.trim(), includePrerelease));
  // node-semver forgets what else a range allows beside `*`, pre-releases named there included.
  const any = sets.find(
    ([first, ...more]) => more.length === 0 && first?.operator === '>=' && zero.test(first.version),
  );
  return any ? [any] : sets;
}

const zero = /^0\.0\.0(?:-0)?$/;

const maxLength = 20_000;

function desugarSet(text: string, includePrerelease: boolean): Comparator[] {
  const hyphen = / +- +/.exec(text);
  if (hyphen) {
    const [from, to] = [text.slice(0, hyphen.index), text.slice(hyphen.index + hyphen[0].length)];
    return desugarHyphen(partialOf(from), partialOf(to), includePrerelease);
  }
  if (text === '') return desugar('', partialOf('*'), includePrerelease);
  // An operator may stand apart from its version.
  const tokens = text
    .replace(/([<>=~^]+)\s+/g, '$1')
    .split(/[\s,]+/)
    .filter(Boolean);
  return tokens.flatMap((token) => {
    const operator = /^(?:~>|[<>]=?|[=~^])?/.exec(token)![0];
    return desugar(operator, partialOf(token.slice(operator.length)), includePrerelease);
  });
}

/** Numbers of a version of which some may be left open (`1`, `1.2.x`). */
interface Partial {
  readonly numbers: readonly bigint[];
  readonly prerelease: string;
}

function partialOf(text: string): Partial {
  const found = /^[v=\s]*([0-9]+|[xX*])(?:\.([0-9]+|[xX*]))?(?:\.([0-9]+|[xX*]))?(.*)$/.exec(text);
  if (!found) throw new RangeSyntaxError('range_malformed', `"${text.slice(0, 80)}" is no version of a range`);
  const [, major, minor, patch, rest = ''] = found;
  const numbers: bigint[] = [];
  for (const part of [major, minor, patch]) {
    if (part === undefined || !/^[0-9]/.test(part)) break;
    numbers.push(BigInt(part.slice(0, 40)));
  }
  const suffix = rest.replace(/\+.*$/, '');
  const isSuffix = suffix === '' || (patch !== undefined && /^-?[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*$/.test(suffix));
  if (!isSuffix) throw new RangeSyntaxError('range_malformed', `"${text.slice(0, 80)}" is no version of a range`);
  return { numbers, prerelease: numbers.length === 3 ? suffix.replace(/^-/, '') : '' };
}

/** The lowest version that the partial stands for, pre-release included. */
function lowest({ numbers, prerelease }: Partial): string {
  const [major = 0n, minor = 0n, patch = 0n] = numbers;
  return `${major}.${minor}.${patch}${prerelease === '' ? '' : `-${prerelease}`}`;
}

/** The first version beyond all that share the first `count` numbers, its own pre-releases included. */
function beyond({ numbers }: Partial, count: number): string {
  const next = [0n, 1n, 2n].map((_, i) => (i < count - 1 ? numbers[i]! : i === count - 1 ? numbers[i]! + 1n : 0n));
  return `${next.join('.')}-0`;
}

function desugar(operator: string, partial: Partial, includePrerelease: boolean): Comparator[] {
  const count = partial.numbers.length;
  if (operator === '^' || operator === '~' || operator === '~>') {
    return desugarCompatible(operator === '^', partial, includePrerelease);
  }
  if (count === 3) return [{ operator: (operator || '=') as Comparator['operator'], version: lowest(partial) }];
  if (count === 0) return operator === '<' || operator === '>' ? [nothing] : everything(includePrerelease);
  const open = includePrerelease ? '-0' : '';
  switch (operator) {
    case '>':
      return [{ operator: '>=', version: beyond(partial, count).slice(0, -2) + open }];
    case '>=':
      return [{ operator: '>=', version: lowest(partial) + open }];
    case '<':
      return [{ operator: '<', version: `${lowest(partial)}-0` }];
    case '<=':
      return [{ operator: '<', version: beyond(partial, count) }];
    default:
      return [
        { operator: '>=', version: lowest(partial) + open },
        { operator: '<', version: beyond(partial, count) },
      ];
  }
}

const nothing: Comparator = { operator: '<', version: '0.0.0-0' };

function everything(includePrerelease: boolean): Comparator[] {
  return [{ operator: '>=', version: includePrerelease ? '0.0.0-0' : '0.0.0' }];
}

// Tilde keeps the first two numbers, caret keeps the first that is not 0.
function desugarCompatible(isCaret: boolean, partial: Partial, includePrerelease: boolean): Comparator[] {
  const { numbers, prerelease } = partial;
  if (numbers.length === 0) return everything(includePrerelease);
  const significant = numbers.findIndex((number) => number !== 0n) + 1;
  const kept = isCaret ? significant || numbers.length : Math.min(2, numbers.length);
  const hasOpen = includePrerelease && prerelease === '' && numbers.length < 3;
  return [
    { operator: '>=', version: lowest(partial) + (hasOpen ? '-0' : '') },
    { operator: '<', version: beyond(partial, kept) },
  ];
}

function desugarHyphen(from: Partial, to: Partial, includePrerelease: boolean): Comparator[] {
  const open = includePrerelease && from.prerelease === '' ? '-0' : '';
  const lower: Comparator[] =
    from.numbers.length === 0 ? everything(includePrerelease) : [{ operator: '>=', version: lowest(from) + open }];
  const count = to.numbers.length;
  if (count === 0) return lower;
  if (count < 3 || (includePrerelease && to.prerelease === ''))
    return [...lower, { operator: '<', version: beyond(to, count) }];
  return [...lower, { operator: '<=', version: lowest(to) }];
}

function holds(version: string, comparator: Comparator): boolean {
  return isWithin(semverOrder, boundOf(comparator), version);
}

function isPrereleaseNamed(version: string, set: readonly Comparator[]): boolean {
  const tested = readSemantic(version);
  if (tested.prerelease.length === 0) return true;
  return set.some(({ version: bound }) => {
    const named = readSemantic(bound);
    return named.prerelease.length > 0 && named.numbers.every((number, i) => number === tested.numbers[i]);
  });
}

function intervalOf(set: readonly Comparator[]): Interval[] {
  if (set.includes(nothing)) return [];
  return [set.map(boundOf).reduce((interval, bound) => intersect(semverOrder, interval, bound), {})];
}

function boundOf({ operator, version }: Comparator): Interval {
  switch (operator) {
    case '<':
      return { before: version };
    case '<=':
      return { through: version };
    case '>':
      return { after: version };
    case '>=':
      return { from: version };
    case '=':
      return { from: version, through: version };
    default:
      throw new Error(`no comparator ${operator satisfies never}`);
  }
}

import { compareNumerals, compareText, isNumeral } from './numeral.ts';
import type { Comparison, VersionOrder } from './order.ts';

/** A version cut into what Semantic Versioning orders by. */
export interface SemanticVersion {
  /** `1.2.3` → 1, 2, 3; fewer or more where the text has fewer or more. */
  readonly numbers: readonly string[];
  readonly prerelease: readonly string[];
}

/**
 * Compares by the precedence of Semantic Versioning 2.0.0 (section 11), build metadata left out. Lenient where
 * advisories are: a leading `v`, missing numbers are 0, and what follows the numbers without a hyphen (`1.2.3beta`) is
 * a pre-release.
 */
export function compareSemver(a: string, b: string): Comparison {
  const [one, two] = [readSemantic(a), readSemantic(b)];
  return compareNumbers(one.numbers, two.numbers) || comparePrereleases(one.prerelease, two.prerelease);
}

/** Whether the text is a version by the grammar of Semantic Versioning 2.0.0. */
export function isSemver(version: string): boolean {
  const plus = version.indexOf('+');
  const core = plus < 0 ? version : version.slice(0, plus);
  const dash = core.indexOf('-');
  const numbers = (dash < 0 ? core : core.slice(0, dash)).split('.');
  if (numbers.length !== 3 || !numbers.every((number) => isNumeral(number) && !hasLeadingZero(number))) return false;
  const isIdentifier = (text: string) => /^[0-9A-Za-z-]+$/.test(text);
  const isPrerelease = (text: string) => isIdentifier(text) && !(isNumeral(text) && hasLeadingZero(text));
  if (
    dash >= 0 &&
    !core
      .slice(dash + 1)
      .split('.')
      .every(isPrerelease)
  )
    return false;
  return (
    plus < 0 ||
    version
      .slice(plus + 1)
      .split('.')
      .every(isIdentifier)
  );
}

/** Version order of Semantic Versioning, strict about what is valid. */
export const semverOrder: VersionOrder = { compare: compareSemver, isValid: isSemver };

/** Cuts any text as leniently as `compareSemver` reads it. */
export function readSemantic(text: string): SemanticVersion {
  const start = /^[\s=]*v?\s*/i.exec(text)![0].length;
  const plus = text.indexOf('+', start);
  const core = text.slice(start, plus < 0 ? undefined : plus).trimEnd();
  const end = /^[0-9.]*/.exec(core)![0].length;
  // A hyphen alone is itself the pre-release, as node-semver has it.
  const rest = core.slice(end).replace(/^-(?=[0-9A-Za-z-])/, '');
  const numbers = core.slice(0, end).split('.').filter(Boolean);
  return { numbers, prerelease: rest === '' ? [] : rest.split('.') };
}

/** Compares the numbers, missing ones being 0. */
export function compareNumbers(a: readonly string[], b: readonly string[]): Comparison {
  for (let i = 0; i < a.length || i < b.length; i++) {
    const order = compareNumerals(a[i] ?? '0', b[i] ?? '0');
    if (order !== 0) return order;
  }
  return 0;
}

/** Compares pre-releases: none is higher than any; identifiers by section 11.4. */
export function comparePrereleases(a: readonly string[], b: readonly string[]): Comparison {
  if (a.length === 0 || b.length === 0) return a.length === b.length ? 0 : a.length === 0 ? 1 : -1;
  return compareIdentifierLists(a, b);
}

/** Compares identifiers by section 11.4: of two lists that are equal so far the longer is the higher. */
export function compareIdentifierLists(a: readonly string[], b: readonly string[]): Comparison {
  for (let i = 0; i < a.length || i < b.length; i++) {
    const [x, y] = [a[i], b[i]];
    if (x === undefined || y === undefined) return x === undefined ? -1 : 1;
    const order = compareIdentifiers(x, y);
    if (order !== 0) return order;
  }
  return 0;
}

function compareIdentifiers(x: string, y: string): Comparison {
  const [isNumber, isOtherNumber] = [isNumeral(x), isNumeral(y)];
  if (isNumber && isOtherNumber) return compareNumerals(x, y);
  if (isNumber !== isOtherNumber) return isNumber ? -1 : 1;
  return compareText(x, y);
}

function hasLeadingZero(digits: string): boolean {
  return digits.length > 1 && digits.startsWith('0');
}

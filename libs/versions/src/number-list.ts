import { compareNumerals } from './numeral.ts';
import type { Comparison, VersionOrder } from './order.ts';

/** Compares versions that are lists of numbers: of two that are equal so far the longer is the higher, `1.0` < `1.0.0`. */
export function compareNumberLists(a: string, b: string): Comparison {
  const [one, two] = [numbersOf(a), numbersOf(b)];
  for (let i = 0; i < one.length && i < two.length; i++) {
    const order = compareNumerals(one[i]!, two[i]!);
    if (order !== 0) return order;
  }
  return Math.sign(one.length - two.length) as Comparison;
}

/** Version order of R packages (`numeric_version`): numbers with `.` or `-` between them, at least two. */
export const cranOrder: VersionOrder = {
  compare: compareNumberLists,
  isValid: (version) => /^[0-9]+(?:[.-][0-9]+)+$/.test(version),
};

/** Version order of Haskell packages, without the tags that Cabal no longer takes. */
export const hackageOrder: VersionOrder = {
  compare: compareNumberLists,
  isValid: (version) => /^[0-9]+(?:\.[0-9]+)*$/.test(version),
};

function numbersOf(version: string): readonly string[] {
  return version.match(/[0-9]+/g) ?? [];
}

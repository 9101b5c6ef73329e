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

/** Whether Composer can order the version; branches (`dev-main`) have no order. */
export function isComposer(version: string): boolean {
  return pattern.test(bare(version));
}

/** Version order of Packagist. */
export const composerOrder: VersionOrder = { compare: compareComposer, isValid: isComposer };

const pattern = /^[0-9]+(?:\.[0-9]+)*(?:[._-]?(?:stable|beta|b|rc|alpha|a|patch|pl|p)(?:[.-]?[0-9]+)*)?(?:[.-]?dev)?$/;

function bare(version: string): string {
  const text = version.trim().toLowerCase();
  const plus = text.indexOf('+');
  return (plus < 0 ? text : text.slice(0, plus)).replace(/^v/, '');
}

// Composer pads to four numbers and drops `-stable`; `version_compare` then cuts at every change of kind.
function parts(version: string): readonly string[] {
  const found = bare(version).match(/[0-9]+|[a-z]+/g) ?? [];
  const letters = found.findIndex((part) => !isNumeral(part));
  const numbers = letters < 0 ? found : found.slice(0, letters);
  const rest = letters < 0 ? [] : found.slice(letters).filter((part) => part !== 'stable');
  return [...numbers, ...Array<string>(Math.max(0, 4 - numbers.length)).fill('0'), ...rest];
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
    part === undefined ? release : isNumeral(part) ? release + 0.5 : (stages[part] ?? -1);
  return Math.sign(rank(x) - rank(y)) as Comparison;
}

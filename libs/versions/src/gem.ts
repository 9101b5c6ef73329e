import { compareNumerals, compareText, isNumeral } from './numeral.ts';
import type { Comparison, VersionOrder } from './order.ts';

/** Compares as `Gem::Version#<=>` does. */
export function compareGem(a: string, b: string): Comparison {
  const [one, two] = [segments(a), segments(b)];
  for (let i = 0; i < one.length || i < two.length; i++) {
    const [x, y] = [one[i] ?? '0', two[i] ?? '0'];
    const [isNumber, isOtherNumber] = [isNumeral(x), isNumeral(y)];
    if (isNumber !== isOtherNumber) return isNumber ? 1 : -1;
    const order = isNumber ? compareNumerals(x, y) : compareText(x, y);
    if (order !== 0) return order;
  }
  return 0;
}

/** Whether `Gem::Version.correct?` holds. */
export function isGem(version: string): boolean {
  const text = version.trim();
  if (text === '') return true;
  const [first, ...rest] = text.split('.');
  // A hyphen may come anywhere after the first number, and starts what may contain further hyphens.
  return /^[0-9]+(?:-[0-9A-Za-z-]+)?$/.test(first!) && isRest(first!.includes('-'), rest);
}

/** Version order of RubyGems. */
export const gemOrder: VersionOrder = { compare: compareGem, isValid: isGem };

function isRest(hyphenSeen: boolean, parts: readonly string[]): boolean {
  let isPrerelease = hyphenSeen;
  for (const part of parts) {
    if (!(isPrerelease ? /^[0-9A-Za-z-]+$/ : /^[0-9A-Za-z]+(?:-[0-9A-Za-z-]+)?$/).test(part)) return false;
    isPrerelease ||= part.includes('-');
  }
  return true;
}

// `canonical_segments`: zeros at the end of the release and at the end of the pre-release do not count.
function segments(version: string): readonly string[] {
  const parts =
    version
      .trim()
      .replaceAll('-', '.pre.')
      .match(/[0-9]+|[A-Za-z]+/g) ?? [];
  const letters = parts.findIndex((part) => !isNumeral(part));
  const cut = letters < 0 ? parts.length : letters;
  return [...withoutTrailingZeros(parts.slice(0, cut)), ...withoutTrailingZeros(parts.slice(cut))];
}

function withoutTrailingZeros(parts: readonly string[]): readonly string[] {
  let end = parts.length;
  while (end > 0 && /^0+$/.test(parts[end - 1]!)) end--;
  return parts.slice(0, end);
}

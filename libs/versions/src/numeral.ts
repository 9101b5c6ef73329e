import type { Comparison } from './order.ts';

/** Compares two runs of decimal digits of any length as numbers; an empty run is 0. */
export function compareNumerals(a: string, b: string): Comparison {
  const [one, two] = [withoutLeadingZeros(a), withoutLeadingZeros(b)];
  if (one.length !== two.length) return one.length < two.length ? -1 : 1;
  return compareText(one, two);
}

/** Compares by code unit, which for ASCII is strcmp(3). */
export function compareText(a: string, b: string): Comparison {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Whether the character code is an ASCII digit. */
export function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}

/** Whether the character code is an ASCII letter. */
export function isLetter(code: number): boolean {
  return (code >= 97 && code <= 122) || (code >= 65 && code <= 90);
}

/** Whether the text is one or more ASCII digits. */
export function isNumeral(text: string): boolean {
  return /^[0-9]+$/.test(text);
}

function withoutLeadingZeros(digits: string): string {
  let start = 0;
  while (start < digits.length && digits.charCodeAt(start) === 48) start++;
  return start === 0 ? digits : digits.slice(start);
}

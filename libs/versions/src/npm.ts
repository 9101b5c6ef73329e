import { isNumeral } from './numeral.ts';
import type { Comparison, VersionOrder } from './order.ts';
import { compareSemver, readSemantic } from './semver.ts';

/** Compares two versions as npm orders them: node-semver 7, loosely read. */
export function compareNpm(a: string, b: string): Comparison {
  return compareSemver(asNodeSemver(a), asNodeSemver(b));
}

// Limits of node-semver, which npm refuses to publish beyond.
const maxLength = 256;
const maxNumber = Number.MAX_SAFE_INTEGER;

/** Whether npm can take the version: three numbers, loosely read (`v1.2.3`, `1.2.3beta`, leading zeros). */
export function isNpm(version: string): boolean {
  if (version.length > maxLength) return false;
  const text = asNodeSemver(version);
  if (!/^[\s=v]*[0-9]+\.[0-9]+\.[0-9]+(?![.0-9])/.test(text)) return false;
  const plus = text.indexOf('+');
  if (
    plus >= 0 &&
    !text
      .slice(plus + 1)
      .split('.')
      .every(isIdentifier)
  )
    return false;
  const { numbers, prerelease } = readSemantic(text);
  if (!numbers.every((number) => isNumeral(number) && Number(number) <= maxNumber)) return false;
  return prerelease.every(isIdentifier);
}

/** Version order of npm. */
export const npmOrder: VersionOrder = { compare: compareNpm, isValid: isNpm };

// The hyphen before a pre-release is optional to node-semver, so that by backtracking `1.2.10.4` is `1.2.1-0.4`.
function asNodeSemver(version: string): string {
  const text = version.trim();
  const [, numbers, digit] = /^([\s=v]*[0-9]+\.[0-9]+\.[0-9]+)([0-9])(?=\.)/.exec(text.slice(0, maxLength)) ?? [];
  return numbers === undefined ? text : `${numbers}-${digit}${text.slice(numbers.length + 1)}`;
}

function isIdentifier(text: string): boolean {
  return /^[0-9A-Za-z-]+$/.test(text);
}

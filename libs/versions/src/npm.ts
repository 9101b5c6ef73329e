import { isNumeral } from './numeral.ts';
import type { VersionOrder } from './order.ts';
import { compareSemver, readSemantic } from './semver.ts';

/** Compares two versions as npm orders them (Semantic Versioning, loosely read). */
export const compareNpm = compareSemver;

// Limits of node-semver, which npm refuses to publish beyond.
const maxLength = 256;
const maxNumber = Number.MAX_SAFE_INTEGER;

/** Whether npm can take the version: three numbers, loosely read (`v1.2.3`, `1.2.3beta`, leading zeros). */
export function isNpm(version: string): boolean {
  if (version.length > maxLength || !/^[\s=v]*[0-9]+\.[0-9]+\.[0-9]+(?![.0-9])/.test(version)) return false;
  const plus = version.indexOf('+');
  if (
    plus >= 0 &&
    !version
      .slice(plus + 1)
      .trimEnd()
      .split('.')
      .every(isIdentifier)
  )
    return false;
  const { numbers, prerelease } = readSemantic(version);
  if (!numbers.every((number) => isNumeral(number) && Number(number) <= maxNumber)) return false;
  return prerelease.every(isIdentifier);
}

function isIdentifier(text: string): boolean {
  return /^[0-9A-Za-z-]+$/.test(text);
}

/** Version order of npm. */
export const npmOrder: VersionOrder = { compare: compareNpm, isValid: isNpm };

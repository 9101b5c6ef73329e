import type { Comparison, VersionOrder } from './order.ts';
import { compareIdentifierLists, compareSemver, isSemver } from './semver.ts';

/** Compares as Dart's pub_semver does: Semantic Versioning, and then build metadata, which is above none. */
export function comparePub(a: string, b: string): Comparison {
  return compareSemver(a, b) || compareIdentifierLists(buildOf(a), buildOf(b));
}

/** Version order of Dart and Flutter packages. */
export const pubOrder: VersionOrder = { compare: comparePub, isValid: isSemver };

function buildOf(version: string): readonly string[] {
  const plus = version.indexOf('+');
  return plus < 0 ? [] : version.slice(plus + 1).split('.');
}

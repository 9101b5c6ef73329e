import type { Comparison, VersionOrder } from './order.ts';
import { compareSemver } from './semver.ts';

/** Compares as NuGetVersion does: up to four numbers, pre-release without regard to case, build metadata left out. */
export function compareNuget(a: string, b: string): Comparison {
  return compareSemver(a.toLowerCase(), b.toLowerCase());
}

/** Whether NuGetVersion parses the text. */
export function isNuget(version: string): boolean {
  return /^[0-9]+(?:\.[0-9]+){0,3}(?:-[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?$/.test(
    version.trim(),
  );
}

/** Version order of NuGet. */
export const nugetOrder: VersionOrder = { compare: compareNuget, isValid: isNuget };

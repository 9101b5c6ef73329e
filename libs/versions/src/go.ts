import type { Comparison, VersionOrder } from './order.ts';
import { compareSemver, isSemver } from './semver.ts';

/** Compares module versions (`v1.2.3`, pseudo-versions, `+incompatible`) and toolchain versions (`go1.21rc2`). */
export function compareGo(a: string, b: string): Comparison {
  return compareSemver(withoutPrefix(a), withoutPrefix(b));
}

/** Whether the version is one of a module (`v` may be missing, as in OSV) or of the toolchain. */
export function isGo(version: string): boolean {
  const bare = withoutPrefix(version);
  return isSemver(bare) || /^(?:0|[1-9][0-9]*)(?:\.(?:0|[1-9][0-9]*)){0,2}(?:(?:rc|beta)[0-9]+)?$/.test(bare);
}

/** Version order of Go modules and of the Go toolchain. */
export const goOrder: VersionOrder = { compare: compareGo, isValid: isGo };

// `go1.21` names the toolchain, `v1.2.3` a module.
function withoutPrefix(version: string): string {
  return version.startsWith('go') ? version.slice(2) : version.replace(/^v/, '');
}

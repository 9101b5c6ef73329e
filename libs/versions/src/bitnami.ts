import { compareNumerals } from './numeral.ts';
import type { Comparison, VersionOrder } from './order.ts';
import { compareSemver } from './semver.ts';

/**
 * Compares versions of Bitnami's components: the upstream version by Semantic Versioning, then the revision that is put
 * behind it, `7.2.4-1` after `7.2.4-0` after `7.2.4`. To SemVer a revision would be a pre-release, and so before `7.2.4`.
 */
export function compareBitnami(a: string, b: string): Comparison {
  const [one, two] = [readRevision(a), readRevision(b)];
  return compareSemver(one.upstream, two.upstream) || compareNumerals(one.revision, two.revision);
}

/** Whether it is such a version; upstreams have one to four numbers (`15.1`). */
export function isBitnami(version: string): boolean {
  return version.length <= 256 && /^v?\d+(?:\.\d+){0,3}(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?$/.test(version);
}

/** Version order of Bitnami's advisories. */
export const bitnamiOrder: VersionOrder = { compare: compareBitnami, isValid: isBitnami };

function readRevision(version: string): { upstream: string; revision: string } {
  const dash = version.lastIndexOf('-');
  const revision = version.slice(dash + 1);
  const isRevision = dash !== -1 && revision !== '' && revision.length <= 9 && /^\d+$/.test(revision);
  return isRevision ? { upstream: version.slice(0, dash), revision } : { upstream: version, revision: '0' };
}

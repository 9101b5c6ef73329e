import type { Severity } from '@gabion/advisories/advisory';
import type { Finding, FindingKind, SeverityCounts } from './scan-result.ts';

/** Severities, worst first. */
export const severities: readonly Severity[] = ['critical', 'high', 'medium', 'low', 'negligible', 'unknown'];

/** Kinds of findings in the order in which reports tell of them. */
export const findingKinds: readonly FindingKind[] = ['malware', 'vulnerability', 'secret', 'configuration', 'licence'];

/** How many findings count, and how many do not. */
export interface Counts {
  readonly severities: SeverityCounts;
  readonly kinds: Readonly<Record<FindingKind, number>>;
  /** Vulnerabilities that an upgrade removes. */
  readonly fixable: number;
  /** Known to be exploited. */
  readonly exploited: number;
  readonly suppressed: number;
}

/** Counts findings; suppressed ones are only in `suppressed`. */
export function countsOf(findings: readonly Finding[]): Counts {
  const standing = findings.filter((finding) => !finding.suppressedBy);
  const vulnerabilities = standing.filter((finding) => finding.kind === 'vulnerability');
  const count = <K extends string>(keys: readonly K[], keyOf: (finding: Finding) => K) => {
    const counts = Object.fromEntries(keys.map((key) => [key, 0])) as Record<K, number>;
    for (const finding of standing) counts[keyOf(finding)]++;
    return counts;
  };
  return {
    severities: count(severities, ({ severity }) => severity),
    kinds: count(findingKinds, ({ kind }) => kind),
    fixable: vulnerabilities.filter(({ fixedVersion }) => fixedVersion !== undefined).length,
    exploited: vulnerabilities.filter(({ kev }) => kev !== undefined).length,
    suppressed: findings.length - standing.length,
  };
}

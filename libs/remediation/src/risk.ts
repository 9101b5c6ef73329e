export type Severity = 'critical' | 'high' | 'medium' | 'low' | 'negligible' | 'unknown';

export type SeverityCounts = Readonly<Record<Severity, number>>;

const worstFirst: readonly Severity[] = ['critical', 'high', 'medium', 'low', 'negligible', 'unknown'];

/** How many there are of each severity. */
export function countsOf(findings: Iterable<{ readonly severity: Severity }>): SeverityCounts {
  const counts = { critical: 0, high: 0, medium: 0, low: 0, negligible: 0, unknown: 0 };
  for (const { severity } of findings) counts[severity]++;
  return counts;
}

/** Orders by risk, most first: what is known to be exploited, then by severity, each level before all below it. */
export function byRisk(a: Risk, b: Risk): number {
  if (a.exploited !== b.exploited) return b.exploited - a.exploited;
  for (const severity of worstFirst) {
    const difference = b.counts[severity] - a.counts[severity];
    if (difference !== 0) return difference;
  }
  return b.epss - a.epss;
}

export interface Risk {
  /** Number of vulnerabilities that are known to be exploited. */
  readonly exploited: number;
  readonly counts: SeverityCounts;
  /** Highest EPSS score, 0 to 1. */
  readonly epss: number;
}

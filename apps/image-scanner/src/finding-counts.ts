import type { MessageInitShape } from '@bufbuild/protobuf';
import { type FindingCountsSchema, FindingKind, Severity } from '@gabion/contracts/gabion/scan/v1/scans_pb';
import { isFixable, isOfKind } from './finding-selection.ts';
import type { ImageFinding } from './image-findings.ts';
import type { SeverityCounts } from './scan.ts';

/** How much was found; suppressed findings are counted apart. */
export interface Counts {
  /** Of the vulnerabilities. */
  readonly severities: SeverityCounts;
  readonly findings: MessageInitShape<typeof FindingCountsSchema>;
}

/** Counts the findings of these kinds; all of them where none is named. */
export function countsOf(all: readonly ImageFinding[], kinds: readonly FindingKind[]): Counts {
  const wanted = all.filter((each) => isOfKind(each, kinds));
  const open = wanted.filter((each) => !each.suppression);
  const vulnerabilities = open.filter((each) => each.kind === FindingKind.VULNERABILITY);
  const count = (kind: FindingKind) => open.filter((each) => isOfKind(each, [kind])).length;
  return {
    severities: severityCounts(vulnerabilities.map((each) => each.severity)),
    findings: {
      vulnerabilities: vulnerabilities.length,
      secrets: count(FindingKind.SECRET),
      malware: count(FindingKind.MALWARE),
      configuration: count(FindingKind.CONFIGURATION),
      licences: count(FindingKind.LICENCE),
      fixable: vulnerabilities.filter(isFixable).length,
      exploited: vulnerabilities.filter((each) => each.isExploited).length,
      suppressed: wanted.length - open.length,
    },
  };
}

export function severityCounts(found: Iterable<Severity>): SeverityCounts {
  const counts = { critical: 0, high: 0, medium: 0, low: 0, negligible: 0, unknown: 0 };
  for (const severity of found) counts[words[severity]]++;
  return counts;
}

const words: Readonly<Record<Severity, keyof SeverityCounts>> = {
  [Severity.CRITICAL]: 'critical',
  [Severity.HIGH]: 'high',
  [Severity.MEDIUM]: 'medium',
  [Severity.LOW]: 'low',
  [Severity.NEGLIGIBLE]: 'negligible',
  [Severity.UNKNOWN]: 'unknown',
  [Severity.UNSPECIFIED]: 'unknown',
};

import { type Counts, countsOf, severities } from './counts.ts';
import type { FindingKind, ScanResult, SeverityCounts } from './scan-result.ts';

/** Headings of the kinds of findings. */
export const kindTitles: Readonly<Record<FindingKind, string>> = {
  vulnerability: 'Vulnerabilities',
  secret: 'Secrets',
  malware: 'Malware',
  configuration: 'Configuration',
  licence: 'Licences',
};

/** `3 critical, 1 low`, or `none`. */
export function severitiesInWords(counts: SeverityCounts): string {
  const told = severities
    .filter((severity) => counts[severity] > 0)
    .map((severity) => `${counts[severity]} ${severity}`);
  return told.join(', ') || 'none';
}

/** One line that says how many findings there are; digits and words of our own only. */
export function countsInWords({ severities: counts, fixable, exploited, suppressed }: Counts): string {
  const told = [
    severitiesInWords(counts),
    fixable > 0 ? `${fixable} fixable` : '',
    exploited > 0 ? `${exploited} known to be exploited` : '',
    suppressed > 0 ? `${suppressed} suppressed` : '',
  ];
  return told.filter((text) => text !== '').join('; ');
}

/** `1 package; findings: 3 critical; 1 fixable`. */
export function totalsInWords({ packages, findings }: ScanResult): string {
  const noun = packages.length === 1 ? 'package' : 'packages';
  return `${packages.length} ${noun}; findings: ${countsInWords(countsOf(findings))}`;
}

/** What was scanned, raw: `linux/amd64, Debian GNU/Linux 11 (end of life 2026-08-31)`. */
export function aboutTarget({ platform, operatingSystem }: ScanResult): string {
  const ended = operatingSystem?.isEndOfLife ? ', out of support' : '';
  const end = operatingSystem?.endOfLife ? ` (end of life ${operatingSystem.endOfLife}${ended})` : '';
  const system = operatingSystem ? `${operatingSystem.prettyName}${end}` : '';
  return [platform ?? '', system].filter((text) => text !== '').join(', ');
}

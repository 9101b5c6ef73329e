import type { Severity } from '@gabion/advisories/advisory';
import { type Described, ordered } from './described.ts';
import { webAddress } from './escape.ts';
import type { ScanResult } from './scan-result.ts';

type Json = Readonly<Record<string, unknown>>;

/** GitLab's report of container scanning, schema 15.0.7: vulnerabilities that count. */
export function gitLabReport(result: ScanResult): Json {
  const { scanner, startedAt, endedAt } = result;
  const tool = { id: 'gabion', name: 'Gabion', vendor: { name: 'Gabion' }, version: scanner.version };
  return {
    version: '15.0.7',
    scan: {
      analyzer: tool,
      scanner: tool,
      type: 'container_scanning',
      // Seconds without a zone, in UTC.
      start_time: new Date(startedAt).toISOString().slice(0, 19),
      end_time: new Date(endedAt).toISOString().slice(0, 19),
      status: 'success',
    },
    vulnerabilities: ordered(result)
      .filter(({ finding }) => finding.kind === 'vulnerability' && !finding.suppressedBy)
      .map((each) => vulnerabilityOf(each, result)),
  };
}

const words: Readonly<Record<Severity, string>> = {
  critical: 'Critical',
  high: 'High',
  medium: 'Medium',
  low: 'Low',
  negligible: 'Info',
  unknown: 'Unknown',
};

function vulnerabilityOf(each: Described, result: ScanResult): Json {
  const { finding, ruleId, title, remedy } = each;
  const url = webAddress(each.url);
  const identifier = { type: ruleId.startsWith('CVE-') ? 'cve' : 'gabion', name: ruleId, value: ruleId };
  return {
    id: finding.id,
    name: `${ruleId} in ${each.subject}`.slice(0, 255),
    description: title,
    severity: words[finding.severity],
    solution: remedy,
    location: {
      dependency: { package: { name: each.package?.name ?? '' }, version: each.package?.version ?? '' },
      operating_system:
        [result.operatingSystem?.id, result.operatingSystem?.version].filter(Boolean).join(' ') || 'unknown',
      image: result.target,
    },
    identifiers: [{ ...identifier, ...(url && { url }) }],
    links: url ? [{ url }] : [],
  };
}

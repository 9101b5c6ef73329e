import type { Package } from '@gabion/inventory/package';
import { findingKinds, severities } from './counts.ts';
import type { Finding, ScanResult, VulnerabilityFinding } from './scan-result.ts';

/** What every report says of a finding, whatever its kind; texts are raw. */
export interface Described {
  readonly finding: Finding;
  /** What it is an instance of: vulnerability, rule, check or licence. */
  readonly ruleId: string;
  readonly title: string;
  /** What has it: a package with its version, or a file. */
  readonly subject: string;
  readonly package?: Package;
  readonly line?: number;
  /** What to do. */
  readonly remedy: string;
  readonly url: string;
}

/** Describes a finding of a result. */
export function described(finding: Finding, result: ScanResult): Described {
  switch (finding.kind) {
    case 'vulnerability':
      return describedVulnerability(finding, result);
    case 'secret':
      return {
        finding,
        ruleId: finding.ruleId,
        title: `${finding.title}${finding.isDeleted ? ' (in a file that a later layer deletes)' : ''}`,
        subject: finding.path ?? finding.origin,
        ...(finding.line !== undefined && { line: finding.line }),
        remedy: 'Revoke the secret, and build the image without it',
        url: '',
      };
    case 'malware':
      return {
        finding,
        ruleId: finding.name,
        title: `Malware, found by ${finding.engine}`,
        subject: finding.path ?? '',
        remedy: 'Do not run the image',
        url: '',
      };
    case 'configuration':
      return {
        finding,
        ruleId: finding.checkId,
        title: `${finding.title}: ${finding.message}`,
        subject: finding.path ?? 'image configuration',
        remedy: finding.remediation,
        url: '',
      };
    case 'licence': {
      const found = result.packages[finding.package];
      return {
        finding,
        ruleId: finding.licence,
        title: `The licence (${finding.category}) is ${finding.verdict}`,
        subject: nameOf(found),
        ...(found && { package: found }),
        remedy: '',
        url: '',
      };
    }
    default:
      throw new Error(`no description of ${(finding satisfies never as Finding).kind}`);
  }
}

/** Findings in the order of reports: what counts before what is suppressed, then kind, severity, exploitation and name. */
export function ordered(result: ScanResult): Described[] {
  const rank = ({ finding }: Described) => [
    finding.suppressedBy ? 1 : 0,
    findingKinds.indexOf(finding.kind),
    severities.indexOf(finding.severity),
    finding.kind === 'vulnerability' && finding.kev ? 0 : 1,
    finding.kind === 'vulnerability' ? -(finding.epss?.probability ?? 0) : 0,
  ];
  const keyed = result.findings.map((finding) => {
    const what = described(finding, result);
    return { what, rank: rank(what), name: `${what.subject}\n${what.ruleId}\n${finding.id}` };
  });
  keyed.sort((a, b) => {
    const i = a.rank.findIndex((value, at) => value !== b.rank[at]);
    return i !== -1 ? a.rank[i]! - b.rank[i]! : a.name < b.name ? -1 : Number(a.name > b.name);
  });
  return keyed.map(({ what }) => what);
}

function describedVulnerability(finding: VulnerabilityFinding, result: ScanResult): Described {
  const found = result.packages[finding.package];
  return {
    finding,
    ruleId: finding.vulnerabilityId,
    title: finding.summary || finding.vulnerabilityId,
    subject: nameOf(found),
    ...(found && { package: found }),
    remedy: finding.isMalicious ? 'Remove the package: it is malicious' : remedyOf(finding),
    url: finding.advisory.url,
  };
}

const remedies: Readonly<Record<VulnerabilityFinding['status'], string>> = {
  affected: 'No fix is known yet',
  fixed: 'No fix is known for the installed branch',
  fix_deferred: 'The fix is deferred',
  will_not_fix: 'It will not be fixed',
  end_of_life: 'The release has reached the end of its life',
  under_investigation: 'It is being investigated',
};

function remedyOf({ fixedVersion, status }: VulnerabilityFinding): string {
  return fixedVersion === undefined ? remedies[status] : `Upgrade to ${fixedVersion}`;
}

function nameOf(found: Package | undefined): string {
  return found ? `${found.name} ${found.version}` : 'a package';
}

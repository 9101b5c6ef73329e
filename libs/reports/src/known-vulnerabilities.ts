import type { Analysis, KnownVulnerability } from '@gabion/sbom/cyclonedx/vulnerability-entry';
import type { ScanResult, Suppression, VulnerabilityFinding } from './scan-result.ts';

/** The vulnerabilities of a result as CycloneDX tells of them; suppressed ones with what was said of them. */
export function knownVulnerabilities(result: ScanResult): KnownVulnerability[] {
  return result.findings
    .filter((finding) => finding.kind === 'vulnerability' && result.packages[finding.package])
    .map((finding) => known(finding as VulnerabilityFinding, result));
}

function known(finding: VulnerabilityFinding, { packages }: ScanResult): KnownVulnerability {
  const { advisory, cvss, suppressedBy } = finding;
  const own = {
    source: advisory.source,
    severity: finding.severity,
    ...(cvss && { vector: cvss.vector, score: cvss.score }),
  };
  const others = finding.severities
    .filter(({ source }) => source !== advisory.source)
    .map(({ source, severity, cvss: score }) => ({ source, severity, ...score }));
  return {
    package: finding.package,
    id: finding.vulnerabilityId,
    aliases: finding.aliases,
    source: { name: advisory.source, url: advisory.url },
    ratings: [own, ...others],
    cwes: finding.cwes,
    summary: finding.summary,
    ...(finding.fixedVersion !== undefined && { fixedVersion: finding.fixedVersion }),
    installedVersion: packages[finding.package]!.version,
    ...(finding.publishedAt && { publishedAt: finding.publishedAt }),
    references: finding.references,
    ...(suppressedBy && suppressedBy.kind !== 'view' && { analysis: analysisOf(suppressedBy) }),
    ...(!suppressedBy && finding.status === 'under_investigation' && { analysis: { state: 'in_triage' } }),
  };
}

/** CycloneDX's words for the justifications of OpenVEX. */
const words: Readonly<Record<string, string>> = {
  component_not_present: 'code_not_present',
  vulnerable_code_not_present: 'code_not_present',
  vulnerable_code_not_in_execute_path: 'code_not_reachable',
  vulnerable_code_cannot_be_controlled_by_adversary: 'requires_environment',
  inline_mitigations_already_exist: 'protected_by_mitigating_control',
};

// A risk that was accepted is there all the same: an exception says "exploitable".
function analysisOf({ kind, status, justification, reason }: Suppression): Analysis {
  const state = kind === 'exception' ? 'exploitable' : status === 'fixed' ? 'resolved' : 'not_affected';
  const word = state === 'not_affected' ? words[justification ?? ''] : undefined;
  return { state, ...(word && { justification: word }), ...(reason && { detail: reason }) };
}

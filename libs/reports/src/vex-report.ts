import { imagePurl } from '@gabion/sbom/bill';
import type { Claim, ClaimedImage } from '@gabion/vex/claim';
import { csafDocument } from '@gabion/vex/csaf-document';
import { openVexDocument } from '@gabion/vex/openvex-document';
import { justifications } from '@gabion/vex/statement';
import { described } from './described.ts';
import type { ReportOptions } from './render.ts';
import type { ScanResult, VulnerabilityFinding } from './scan-result.ts';

/** What the findings come to as an OpenVEX document. */
export function openVexReport(result: ScanResult, options: ReportOptions) {
  const id = `https://gabion.invalid/vex/${options.serialNumber}`;
  return openVexDocument(claimsOf(result), imageOf(result), issueOf(result, options, id));
}

/** What the findings come to as a CSAF document of the profile VEX. */
export function csafReport(result: ScanResult, options: ReportOptions) {
  const issue = issueOf(result, options, `gabion-${options.serialNumber}`);
  return csafDocument(claimsOf(result), imageOf(result), { ...issue, authorNamespace: 'https://gabion.invalid' });
}

function issueOf({ scanner }: ScanResult, { author, createdAt }: ReportOptions, id: string) {
  return { id, author: author ?? 'Gabion', timestamp: createdAt, tool: `${scanner.name} ${scanner.version}` };
}

function imageOf(result: ScanResult): ClaimedImage {
  const purl = imagePurl(result);
  const { target, imageDigest } = result;
  return { target, ...(purl && { purl }), ...(imageDigest && { imageDigest }) };
}

function claimsOf(result: ScanResult): Claim[] {
  return result.findings
    .filter((finding) => finding.kind === 'vulnerability' && result.packages[finding.package])
    .map((finding) => claimOf(finding as VulnerabilityFinding, result));
}

function claimOf(finding: VulnerabilityFinding, result: ScanResult): Claim {
  const { vulnerabilityId, aliases, suppressedBy, status } = finding;
  const about = { vulnerabilityId, aliases, purl: result.packages[finding.package]!.purl };
  if (suppressedBy?.kind === 'vex') {
    const justification = justifications.find((known) => known === suppressedBy.justification);
    const settled = suppressedBy.status === 'fixed' ? 'fixed' : 'not_affected';
    const impact = suppressedBy.reason;
    return { ...about, status: settled, ...(justification && { justification }), ...(impact && { impact }) };
  }
  if (suppressedBy?.kind === 'exception') {
    const until = suppressedBy.expiresAt ? ` until ${suppressedBy.expiresAt}` : '';
    return {
      ...about,
      status: 'affected',
      action: `Accepted by ${suppressedBy.owner}${until}: ${suppressedBy.reason}`,
    };
  }
  if (status === 'under_investigation') return { ...about, status };
  return { ...about, status: 'affected', action: described(finding, result).remedy };
}

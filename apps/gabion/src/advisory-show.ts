import { toJson } from '@bufbuild/protobuf';
import {
  AdvisoryService,
  type Vulnerability,
  VulnerabilitySchema,
} from '@gabion/contracts/gabion/scan/v1/advisories_pb';
import { Severity, VulnerabilityStatus } from '@gabion/contracts/gabion/scan/v1/scans_pb';
import { print } from './asking.ts';
import { scannerFor } from './solo-scanner.ts';
import { table } from './table.ts';

/** Tells what is known of a vulnerability. */
export async function showVulnerability(
  id: string,
  options: { readonly data?: string; readonly json?: true },
): Promise<void> {
  await using scanner = await scannerFor(options.data);
  const found = await scanner.client(AdvisoryService).getVulnerability({ id }, scanner.as);
  if (options.json) return print(toJson(VulnerabilitySchema, found));
  process.stdout.write(vulnerabilityText(found));
}

function vulnerabilityText({ id, aliases, summary, severities, exploitation, cwes, affected }: Vulnerability): string {
  const lines = [`${id}${aliases.length > 0 ? ` (${aliases.slice(0, 8).join(', ')})` : ''}`];
  if (summary) lines.push(summary);
  if (exploitation?.epssScore)
    lines.push(
      `EPSS ${(exploitation.epssScore * 100).toFixed(2)} %, higher than ${(exploitation.epssPercentile * 100).toFixed(0)} % of all`,
    );
  if (exploitation?.kevDate)
    lines.push(
      `known to be exploited since ${exploitation.kevDate}${exploitation.kevRansomware ? ', by ransomware' : ''}`,
    );
  if (cwes.length > 0) lines.push(cwes.join(', '));
  const rated = severities.map(({ source, severity, cvssScore, cvssVector }) => [
    source,
    Severity[severity].toLowerCase(),
    cvssScore > 0 ? cvssScore.toFixed(1) : '-',
    cvssVector,
  ]);
  const concerned = affected.map(({ ecosystem, name, source, advisoryId, range, fixedVersion, status }) => [
    ecosystem,
    name,
    fixedVersion || statusNames[status] || '-',
    range.slice(0, 40),
    advisoryId,
    source,
  ]);
  return [
    `${lines.join('\n')}\n`,
    ...(rated.length > 0 ? [table(['SOURCE', 'SEVERITY', 'CVSS', 'VECTOR'], rated)] : []),
    ...(concerned.length > 0
      ? [table(['ECOSYSTEM', 'PACKAGE', 'FIXED IN', 'AFFECTED', 'ADVISORY', 'SOURCE'], concerned)]
      : []),
  ].join('\n');
}

const statusNames: Partial<Record<VulnerabilityStatus, string>> = {
  [VulnerabilityStatus.FIX_DEFERRED]: 'deferred',
  [VulnerabilityStatus.WILL_NOT_FIX]: 'will not fix',
  [VulnerabilityStatus.END_OF_LIFE]: 'end of life',
  [VulnerabilityStatus.UNDER_INVESTIGATION]: 'not known yet',
  [VulnerabilityStatus.UNSPECIFIED]: 'not affected',
};

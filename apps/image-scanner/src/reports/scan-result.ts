import { timestampDate } from '@bufbuild/protobuf/wkt';
import {
  type Finding,
  type Scan,
  type Suppression,
  type VendorSeverity,
  VulnerabilityStatus,
} from '@gabion/contracts/gabion/scan/v1/scans_pb';
import type { Package } from '@gabion/inventory/package';
import type { LicenceCategory } from '@gabion/licences/category';
import type * as Report from '@gabion/reports/scan-result';
import { hasPassed, type TargetKind } from '../scan.ts';
import { severityWord } from './severity-word.ts';

/** What a report is made from, in the contract's terms. */
export interface Told {
  readonly scan: Scan;
  readonly targetKind: TargetKind;
  readonly packages: readonly Package[];
  /** Each with the index of its package; -1 where it has none. */
  readonly findings: readonly { readonly finding: Finding; readonly package: number }[];
  readonly scanner: Report.ScanResult['scanner'];
  readonly now: Date;
}

/** The result of a scan as reports take it. */
export function scanResult({ scan, targetKind, packages, findings, scanner, now }: Told): Report.ScanResult {
  const system = operatingSystemOf(scan, now);
  return {
    target: scan.target,
    targetKind,
    ...(scan.imageDigest && { imageDigest: scan.imageDigest }),
    ...(scan.platform && { platform: scan.platform }),
    ...(system && { operatingSystem: system }),
    layers: scan.layers.map(({ digest, diffId, createdBy, size }) => ({
      digest,
      diffId,
      createdBy,
      size: Number(size),
    })),
    packages,
    findings: findings.flatMap(({ finding, package: index }) => findingOf(finding, index) ?? []),
    warnings: scan.warnings.map(({ code, message }) => ({ code, message })),
    scanner,
    startedAt: timeOf(scan.startTime ?? scan.createTime),
    endedAt: timeOf(scan.endTime ?? scan.createTime),
  };
}

function operatingSystemOf({ operatingSystem, endOfLifeTime }: Scan, now: Date): Report.OperatingSystem | undefined {
  if (!operatingSystem) return undefined;
  const { id, version, prettyName } = operatingSystem;
  const end = endOfLifeTime && timestampDate(endOfLifeTime);
  return {
    id,
    version,
    prettyName,
    codename: /\(([a-z]+)\)\s*$/i.exec(prettyName)?.[1]?.toLowerCase() ?? '',
    ...(end && { endOfLife: end.toISOString().slice(0, 10), isEndOfLife: hasPassed(end, now) }),
  };
}

function timeOf(time: Parameters<typeof timestampDate>[0] | undefined): string {
  return (time ? timestampDate(time) : new Date(0)).toISOString();
}

/** Undefined for a licence that is of no package: reports tell of packages' licences. */
function findingOf(finding: Finding, index: number): Report.Finding | undefined {
  const { location, suppression, detail } = finding;
  const base = {
    id: finding.id,
    severity: severityWord(finding.severity),
    ...(location?.layerDiffId && { layerDiffId: location.layerDiffId }),
    ...(location?.path && { path: location.path }),
    ...(suppression && { suppressedBy: suppressionOf(suppression) }),
  };
  switch (detail.case) {
    case undefined:
      return { ...base, ...vulnerabilityOf(finding, index) };
    case 'secret': {
      const { ruleId, title, redacted, origin } = detail.value;
      const isDeleted = location?.deleted ?? false;
      const line = location?.line ? { line: location.line } : {};
      return { ...base, ...line, kind: 'secret', ruleId, title, redacted, origin: originOf(origin), isDeleted };
    }
    case 'malware': {
      const { name, engine, digest } = detail.value;
      const isDeleted = location?.deleted ?? false;
      return { ...base, kind: 'malware', name, engine, ...(digest && { digest }), isDeleted };
    }
    case 'configuration': {
      const { checkId, message, remediation, benchmarks } = detail.value;
      return { ...base, kind: 'configuration', checkId, title: finding.summary, message, remediation, benchmarks };
    }
    case 'licence': {
      const { licence, category, verdict } = detail.value;
      if (index < 0) return undefined;
      const judged = { category: category as LicenceCategory, verdict: verdict as Report.LicenceFinding['verdict'] };
      return { ...base, kind: 'licence', package: index, licence, ...judged };
    }
    default: {
      const never: never = detail;
      throw new Error(`unknown finding ${JSON.stringify(never)}`);
    }
  }
}

function originOf(origin: string): Report.SecretFinding['origin'] {
  return origin === 'environment' || origin === 'history' || origin === 'label' ? origin : 'file';
}

function vulnerabilityOf(finding: Finding, index: number) {
  const { vulnerabilityId, aliases, severities, cvssScore, cvssVector, fixedVersion, exploitation: known } = finding;
  const { source = '', id = '', url = '', rule = '' } = finding.advisory ?? {};
  const own = { source, severity: severityWord(finding.severity), ...cvssOf(cvssScore, cvssVector) };
  return {
    kind: 'vulnerability' as const,
    vulnerabilityId,
    aliases,
    package: index,
    severities: severities.length > 0 ? severities.map(saidBy) : [own],
    ...cvssOf(cvssScore, cvssVector),
    ...(known?.epssDate && {
      epss: { probability: known.epssScore, percentile: known.epssPercentile, date: known.epssDate },
    }),
    ...(known?.kevDate && {
      kev: {
        addedOn: known.kevDate,
        ...(known.kevDueDate && { dueOn: known.kevDueDate }),
        isRansomware: known.kevRansomware,
      },
    }),
    status: statuses[finding.status],
    ...(fixedVersion && { fixedVersion }),
    summary: finding.summary,
    cwes: finding.cwes,
    references: finding.references,
    isMalicious: finding.malicious,
    advisory: { source, id, url, rule },
  };
}

function saidBy({ source, severity, cvssScore, cvssVector }: VendorSeverity): Report.VendorSeverity {
  return { source, severity: severityWord(severity), ...cvssOf(cvssScore, cvssVector) };
}

function cvssOf(score: number, vector: string): { readonly cvss?: Report.Cvss } {
  return vector ? { cvss: { score, vector } } : {};
}

const statuses: Readonly<Record<VulnerabilityStatus, Report.VulnerabilityStatus>> = {
  [VulnerabilityStatus.UNSPECIFIED]: 'affected',
  [VulnerabilityStatus.AFFECTED]: 'affected',
  [VulnerabilityStatus.FIXED]: 'fixed',
  [VulnerabilityStatus.FIX_DEFERRED]: 'fix_deferred',
  [VulnerabilityStatus.WILL_NOT_FIX]: 'will_not_fix',
  [VulnerabilityStatus.END_OF_LIFE]: 'end_of_life',
  [VulnerabilityStatus.UNDER_INVESTIGATION]: 'under_investigation',
};

function suppressionOf(by: Suppression): Report.Suppression {
  const { id, justification, reason, owner, expireTime } = by;
  return {
    kind: by.kind === 'vex' ? 'vex' : 'exception',
    id,
    status: by.status || 'accepted',
    ...(justification && { justification }),
    reason,
    owner,
    ...(expireTime && { expiresAt: timestampDate(expireTime).toISOString() }),
  };
}

import { durationMs } from '@bufbuild/protobuf/wkt';
import { type FindingFilter, FindingKind, type Severity } from '@gabion/contracts/gabion/scan/v1/scans_pb';
import type { ImageFinding } from './image-findings.ts';

/** What a caller wants to see of the findings of a scan. */
export interface Selection {
  readonly filter: FindingFilter | undefined;
  readonly minimumSeverity: Severity;
  /** What the scan was asked to look for; empty is everything. */
  readonly kinds: readonly FindingKind[];
}

/** The findings that a caller asked for. */
export function selected(findings: readonly ImageFinding[], { filter, ...more }: Selection, now: Date): ImageFinding[] {
  const least = Math.max(more.minimumSeverity, filter?.minimumSeverity ?? 0);
  const graceMs = filter?.gracePeriod ? durationMs(filter.gracePeriod) : 0;
  const isKnownLong = ({ vulnerability }: ImageFinding) =>
    !vulnerability || now.getTime() - vulnerability.known_since.getTime() >= graceMs;
  return findings.filter(
    (each) =>
      each.severity >= least &&
      isOfKind(each, more.kinds) &&
      isOfKind(each, filter?.kinds ?? []) &&
      (filter?.includeSuppressed || !each.suppression) &&
      (!filter?.fixableOnly || isFixable(each)) &&
      (graceMs === 0 || isKnownLong(each)) &&
      (!filter?.package || each.subject?.name === filter.package) &&
      (!filter?.vulnerabilityId || (each.vulnerability && each.names.includes(filter.vulnerabilityId))),
  );
}

/** Whether it is of one of the kinds; a package that is itself an attack is malware, too. */
export function isOfKind({ kind, vulnerability }: ImageFinding, kinds: readonly FindingKind[]): boolean {
  if (kinds.length === 0 || kinds.includes(kind)) return true;
  return vulnerability?.is_malicious === true && kinds.includes(FindingKind.MALWARE);
}

/** Whether an upgrade removes it. */
export function isFixable({ vulnerability }: ImageFinding): boolean {
  return vulnerability !== undefined && vulnerability.fixed_version !== '';
}

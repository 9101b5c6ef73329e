import { createHash } from 'node:crypto';
import type { AffectedEntry } from '@gabion/advisories/advisory';
import { isJudgeable, lookupOf, type Match, match } from '@gabion/advisories/match';
import { Severity } from '@gabion/contracts/gabion/scan/v1/scans_pb';
import type { Package } from '@gabion/inventory/package';
import type { Lookup } from './advisories.ts';
import type { SeverityCounts, Warning } from './scan.ts';

/** One vulnerability of one installed package. */
export interface Finding {
  readonly id: string;
  /** Index of the package in the list that was judged. */
  readonly package: number;
  readonly severity: Severity;
  readonly match: Match;
}

/** What the advisories say of an image. */
export interface Judgement {
  /** Worst first. */
  readonly findings: readonly Finding[];
  readonly counts: SeverityCounts;
  readonly warnings: readonly Warning[];
}

/** Under which names the advisories of these packages stand, each once. */
export function lookupsOf(packages: readonly Package[]): Lookup[] {
  const lookups = packages.filter((each) => each.ecosystem !== '').map(lookupOf);
  return [...new Map(lookups.map((each) => [keyOf(each), each])).values()];
}

/** Judges packages by the entries stored under their lookups; `ecosystems` are those of which any source speaks. */
export function judge(
  packages: readonly Package[],
  entries: readonly AffectedEntry[],
  ecosystems: ReadonlySet<string>,
): Judgement {
  const byLookup = Map.groupBy(entries, keyOf);
  const findings = packages.flatMap((each, index) =>
    match(each, byLookup.get(keyOf(lookupOf(each))) ?? []).map((found) => finding(each, index, found)),
  );
  // A database that names the same package twice does not make its vulnerabilities two.
  const distinct = [...new Map(findings.map((each) => [each.id, each])).values()];
  return {
    findings: distinct.sort(worstFirst(packages)),
    counts: countsOf(distinct),
    warnings: warningsOf(packages, ecosystems),
  };
}

function finding(subject: Package, index: number, found: Match): Finding {
  const { ecosystem, name, version, architecture, path, layerDiffId } = subject;
  const facts = [ecosystem, name, version, architecture, path, layerDiffId, found.vulnerabilityId];
  const { source, id } = found.advisory;
  const hash = createHash('sha256').update(JSON.stringify([...facts, source, id]));
  return { id: hash.digest('hex').slice(0, 32), package: index, severity: severities[found.severity], match: found };
}

const severities: Readonly<Record<Match['severity'], Severity>> = {
  critical: Severity.CRITICAL,
  high: Severity.HIGH,
  medium: Severity.MEDIUM,
  low: Severity.LOW,
  negligible: Severity.NEGLIGIBLE,
  unknown: Severity.UNKNOWN,
};

function worstFirst(packages: readonly Package[]) {
  return (a: Finding, b: Finding): number =>
    b.severity - a.severity ||
    (b.match.cvss?.score ?? 0) - (a.match.cvss?.score ?? 0) ||
    inOrder(packages[a.package]!.name, packages[b.package]!.name) ||
    inOrder(a.match.vulnerabilityId, b.match.vulnerabilityId) ||
    inOrder(a.id, b.id);
}

function inOrder(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

function countsOf(findings: readonly Finding[]): SeverityCounts {
  const counts = { critical: 0, high: 0, medium: 0, low: 0, negligible: 0, unknown: 0 };
  for (const { match: found } of findings) counts[found.severity]++;
  return counts;
}

function warningsOf(packages: readonly Package[], ecosystems: ReadonlySet<string>): Warning[] {
  const present = new Set(packages.map((each) => each.ecosystem).filter((each) => each !== ''));
  const silent = [...present].filter((each) => !ecosystems.has(each)).sort();
  const unjudged = packages.filter((each) => each.ecosystem !== '' && !isJudgeable(each)).length;
  const warnings = silent.map((ecosystem) => ({
    code: 'no_advisories',
    message: `no imported source has advisories for ${ecosystem}: its packages were not judged`,
  }));
  if (unjudged === 0) return warnings;
  const message = `${unjudged} packages have versions that cannot be put in order: they were not judged`;
  return [...warnings, { code: 'version_not_comparable', message }];
}

function keyOf({ ecosystem, name }: Lookup): string {
  return `${ecosystem}\n${name}`;
}

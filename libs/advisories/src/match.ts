import type { AffectedEntry, AffectedStatus, CvssScore, Severity } from './advisory.ts';
import { isMalicious } from './advisory.ts';
import { isSourceNamed } from './ecosystem-name.ts';
import { isKernelHeaders } from './kernel-headers.ts';
import { type InstalledPackage, lookupOf, lookupsOf } from './lookups.ts';
import { deciding, rankOf } from './matching/authority.ts';
import { type Claim, claimsOf, comparedVersion, orderFor } from './matching/claim.ts';
import { byName, sameVulnerability } from './matching/same-vulnerability.ts';
import { isSameModularity } from './modularity.ts';
import { packageKey } from './package-key.ts';
import { severityOfCvss } from './severity.ts';

export { type InstalledPackage, lookupOf, lookupsOf };

/** How bad one source finds it. */
export interface SourceSeverity {
  readonly source: string;
  readonly severity: Severity;
  readonly cvss?: CvssScore;
}

/** One vulnerability of one installed package. */
export interface Match {
  /** CVE where there is one, else the advisory's id. */
  readonly vulnerabilityId: string;
  /** All other names, of all the advisories that tell of it. */
  readonly aliases: readonly string[];
  readonly status: Exclude<AffectedStatus, 'not_affected'>;
  /** The package itself is an attack. */
  readonly isMalicious: boolean;
  readonly severity: Severity;
  readonly cvss?: CvssScore;
  /** What each source says, one item for each CVSS version; the one that counts first. */
  readonly severities: readonly SourceSeverity[];
  readonly cwes: readonly string[];
  /** The smallest version that mends it in the branch of the installed one, where a source names one. */
  readonly fixedVersion?: string;
  readonly summary: string;
  /** A few addresses to read more. */
  readonly references: readonly string[];
  readonly published?: string;
  /** The advisory that counts; others of the same vulnerability are merged into this match. */
  readonly advisory: { readonly source: string; readonly id: string; readonly url: string; readonly modified?: string };
  /** What matched: `openldap < 2.4.57+dfsg-3+deb11u1`. */
  readonly rule: string;
}

const maxReferences = 5;

/**
 * The vulnerabilities of a package by the entries stored under `lookupsOf(pkg)`, all of them together; entries of other
 * packages are ignored. Kernel headers have none of the kernel's, and a version that its ecosystem cannot order has
 * only what lists it by name.
 */
export function match(pkg: InstalledPackage, entries: readonly AffectedEntry[]): Match[] {
  if (isKernelHeaders(pkg)) return [];
  const lookups = new Set(lookupsOf(pkg).map(({ ecosystem, name }) => `${ecosystem}\n${name}`));
  const claims = entries
    .filter((entry) => lookups.has(`${entry.ecosystem}\n${entry.name}`) && isApplicable(pkg, entry))
    .flatMap((entry) => claimsOf(entry, versionFor(pkg, entry), orderFor(pkg, entry)));
  return sameVulnerability(claims).flatMap((group) => merged(group) ?? []);
}

/** Whether the version can be judged at all: it is one by its ecosystem's rules. */
export function isJudgeable(pkg: InstalledPackage): boolean {
  return orderFor(pkg)?.isValid(comparedVersion(pkg, isSourceNamed(pkg.ecosystem))) ?? false;
}

function isApplicable(pkg: InstalledPackage, entry: AffectedEntry): boolean {
  const { architectures, ecosystem, naming } = entry;
  if (architectures && pkg.architecture && pkg.architecture !== 'noarch') {
    if (!architectures.includes(pkg.architecture)) return false;
  }
  const isSource = isSourceNamed(ecosystem);
  const isBinaryName = entry.name === packageKey(ecosystem, pkg.name);
  // `source` is no guess by name: a binary package called like another's source is not built from it.
  const source = pkg.sourceName || pkg.name;
  const isNamed = naming === 'source' ? entry.name === source : naming || isSource ? true : isBinaryName;
  return isNamed && (isSource || isSameModularity(pkg, entry));
}

function versionFor(pkg: InstalledPackage, entry: AffectedEntry): string {
  const isBinaryName = entry.naming !== 'source' && entry.name === packageKey(entry.ecosystem, pkg.name);
  return comparedVersion(pkg, isSourceNamed(entry.ecosystem) || (entry.naming !== undefined && !isBinaryName));
}

function merged(group: readonly Claim[]): Match | undefined {
  const matched = deciding(group)
    .filter((claim) => claim.rule !== undefined)
    .sort((a, b) => rankOf(a) - rankOf(b) || certainty(a) - certainty(b) || (a.entry.id < b.entry.id ? -1 : 1));
  const [first] = matched;
  if (!first) return undefined;
  const counts = lastFix(matched.filter((claim) => rankOf(claim) === rankOf(first)));
  const vulnerabilityId = group.map((claim) => claim.vulnerabilityId).sort(byName)[0]!;
  const names = [...new Set(group.flatMap((claim) => claim.names))].sort();
  const severities = severitiesOf(matched);
  const worded = matched.map(({ entry }) => entry.severity).find((word) => word !== undefined);
  const cvss = matched.map(({ entry }) => entry.cvss).find((score) => score !== undefined);
  const { source, id, url, modified } = counts.entry;
  const published = matched.map(({ entry }) => entry.published).find(Boolean);
  return {
    vulnerabilityId,
    aliases: names.filter((name) => name !== vulnerabilityId),
    status: counts.status as Match['status'],
    isMalicious: names.some(isMalicious),
    severity: worded ?? (cvss ? severityOfCvss(cvss) : 'unknown'),
    ...(cvss ? { cvss } : {}),
    severities,
    cwes: [...new Set(matched.flatMap(({ entry }) => entry.cwes ?? []))],
    ...(counts.fixedVersion === undefined ? {} : { fixedVersion: counts.fixedVersion }),
    summary: matched.map(({ entry }) => entry.summary ?? '').find(Boolean) ?? '',
    references: [...new Set(matched.flatMap(({ entry }) => [entry.url, ...(entry.references ?? [])]))]
      .filter(Boolean)
      .slice(0, maxReferences),
    ...(published ? { published } : {}),
    advisory: { source, id, url, ...(modified ? { modified } : {}) },
    rule: counts.rule!,
  };
}

// Where one source says two things that both hold, the one that is known counts before the one that is looked into.
function certainty({ status }: Claim): number {
  return status === 'affected' ? 0 : status === 'under_investigation' ? 2 : 1;
}

// A vulnerability that was fixed twice (a first fix that did not suffice) is fixed by the later one.
function lastFix(claims: readonly Claim[]): Claim {
  return claims.reduce((last, claim) => {
    if (last.fixedVersion === undefined || claim.fixedVersion === undefined) return last;
    if (last.entry.source !== claim.entry.source) return last;
    return claim.order!.compare(claim.fixedVersion, last.fixedVersion) > 0 ? claim : last;
  });
}

function severitiesOf(claims: readonly Claim[]): SourceSeverity[] {
  const told = claims.flatMap(({ entry }): SourceSeverity[] => {
    const { source, severity } = entry;
    const scores = entry.scores ?? (entry.cvss ? [entry.cvss] : []);
    if (scores.length === 0) return severity ? [{ source, severity }] : [];
    return scores.map((cvss, index) => ({
      source,
      severity: (index === 0 ? severity : undefined) ?? severityOfCvss(cvss),
      cvss,
    }));
  });
  const key = ({ source, severity, cvss }: SourceSeverity) => `${source}\n${severity}\n${cvss?.vector}`;
  return [...new Map(told.map((each) => [key(each), each])).values()];
}

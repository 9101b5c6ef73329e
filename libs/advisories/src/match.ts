import { orderOf } from '@gabion/versions/ecosystems';
import { formatInterval, type Interval, isWithin } from '@gabion/versions/interval';
import type { VersionOrder } from '@gabion/versions/order';
import { semverOrder } from '@gabion/versions/semver';
import type { AdvisoryFormat, AffectedEntry, CvssScore, Severity } from './advisory.ts';
import { isErratum } from './errata.ts';
import { isKernelHeaders } from './kernel-headers.ts';
import { packageKey } from './package-key.ts';
import { severityOfCvss } from './severity.ts';

/** An installed package, as matching needs it. */
export interface InstalledPackage {
  /** OSV ecosystem with its release: `Debian:11`, `Alpine:v3.10`, `npm`. */
  readonly ecosystem: string;
  readonly name: string;
  readonly version: string;
  /** The source package (Debian) or origin (Alpine) that advisories name; the package itself where it has none. */
  readonly sourceName?: string;
  readonly sourceVersion?: string;
}

/** One vulnerability of one installed package. */
export interface Match {
  /** CVE where there is one, else the advisory's id. */
  readonly vulnerabilityId: string;
  /** All other names, of all the advisories that tell of it. */
  readonly aliases: readonly string[];
  readonly severity: Severity;
  readonly cvss?: CvssScore;
  /** The smallest version that mends it in the branch of the installed one, where a source names one. */
  readonly fixedVersion?: string;
  readonly summary: string;
  /** The advisory that counts; others of the same vulnerability are merged into this match. */
  readonly advisory: { readonly source: string; readonly id: string; readonly url: string };
  /** What matched: `openldap < 2.4.57+dfsg-3+deb11u1`. */
  readonly rule: string;
}

/** Where the entries that can concern a package are stored. */
export function lookupOf(pkg: InstalledPackage): { readonly ecosystem: string; readonly name: string } {
  const name = isSourceNamed(pkg.ecosystem) ? (pkg.sourceName ?? pkg.name) : pkg.name;
  return { ecosystem: pkg.ecosystem, name: packageKey(pkg.ecosystem, name) };
}

/**
 * The vulnerabilities of a package by the entries stored under `lookupOf(pkg)`; entries of other packages are ignored.
 * Kernel headers have none of the kernel's, and a version that its ecosystem cannot order has none at all.
 */
export function match(pkg: InstalledPackage, entries: readonly AffectedEntry[]): Match[] {
  if (isKernelHeaders(pkg)) return [];
  const { ecosystem, name } = lookupOf(pkg);
  const version = isSourceNamed(ecosystem) ? (pkg.sourceVersion ?? pkg.version) : pkg.version;
  const claims = entries
    .filter((entry) => entry.ecosystem === ecosystem && entry.name === name)
    .flatMap((entry) => claimsOf(entry, version));
  return sameVulnerability(claims).flatMap((group) => merged(group) ?? []);
}

/** Whether the version can be judged at all: it is one by its ecosystem's rules. */
export function isJudgeable(pkg: InstalledPackage): boolean {
  const version = isSourceNamed(pkg.ecosystem) ? (pkg.sourceVersion ?? pkg.version) : pkg.version;
  return orderOf(pkg.ecosystem)?.isValid(version) ?? false;
}

// Advisories of these name source packages; those of the rpm distributions name the binary ones.
function isSourceNamed(ecosystem: string): boolean {
  return /^(?:Debian|Ubuntu|Echo|Alpine|Wolfi|Chainguard|MinimOS)(?::|$)/.test(ecosystem);
}

/** What one entry says of one vulnerability in the installed version. */
interface Claim {
  readonly entry: AffectedEntry;
  readonly order: VersionOrder | undefined;
  readonly vulnerabilityId: string;
  readonly names: readonly string[];
  /** Undefined: the version is not affected. */
  readonly rule: string | undefined;
  readonly fixedVersion: string | undefined;
}

function claimsOf(entry: AffectedEntry, version: string): Claim[] {
  const order = orderOf(entry.ecosystem) ?? (entry.isSemver ? semverOrder : undefined);
  const rule = entry.status === 'not_affected' ? undefined : ruleOf(entry, version, order);
  const fixedVersion = rule === undefined ? undefined : smallestFix(entry, version, order);
  return entry.vulnerabilities.map((vulnerabilityId) => {
    const more = isErratum(entry.id) ? [] : [entry.id, ...(entry.aliases ?? [])];
    return { entry, order, vulnerabilityId, names: [vulnerabilityId, ...more], rule, fixedVersion };
  });
}

function ruleOf(entry: AffectedEntry, version: string, order: VersionOrder | undefined): string | undefined {
  if (entry.versions?.includes(version)) return `${entry.name} = ${version}`;
  if (!order?.isValid(version)) return undefined;
  const interval = entry.intervals?.find((candidate) => isWithin(order, candidate, version));
  if (!interval) return undefined;
  return `${entry.name} ${formatInterval(interval) || 'in every version'}`;
}

function smallestFix(entry: AffectedEntry, version: string, order: VersionOrder | undefined): string | undefined {
  if (!order) return undefined;
  const isAffected = (candidate: string) =>
    (entry.intervals ?? []).some((interval: Interval) => isWithin(order, interval, candidate)) ||
    (entry.versions ?? []).includes(candidate);
  return [...(entry.intervals ?? []).flatMap(({ before }) => before ?? []), ...(entry.fixed ?? [])]
    .filter((candidate) => order.compare(candidate, version) > 0 && !isAffected(candidate))
    .sort((a, b) => order.compare(a, b))[0];
}

// The distribution's own word counts before what aggregators say of it.
const trust: Readonly<Record<AdvisoryFormat, number>> = { debian_lists: 0, alpine_secdb: 0, osv: 1, gitlab: 2 };

function merged(group: readonly Claim[]): Match | undefined {
  const best = Math.min(...group.map((claim) => trust[claim.entry.format]));
  // An errata source that says something of this vulnerability for this package knows better, also where it says no.
  const trusted = best === 0 ? group.filter((claim) => trust[claim.entry.format] === 0) : group;
  const matched = trusted
    .filter((claim) => claim.rule !== undefined)
    .sort((a, b) => trust[a.entry.format] - trust[b.entry.format] || (a.entry.id < b.entry.id ? -1 : 1));
  const [first] = matched;
  if (!first) return undefined;
  const counts = lastFix(matched.filter((claim) => trust[claim.entry.format] === trust[first.entry.format]));
  const vulnerabilityId = group.map((claim) => claim.vulnerabilityId).sort(byName)[0]!;
  const cvss = matched.map((claim) => claim.entry.cvss).find((score) => score !== undefined);
  const told = matched.map((claim) => claim.entry.severity).find((severity) => severity !== undefined);
  return {
    vulnerabilityId,
    aliases: [...new Set(group.flatMap((claim) => claim.names))].filter((name) => name !== vulnerabilityId).sort(),
    severity: told ?? (cvss ? severityOfCvss(cvss) : 'unknown'),
    ...(cvss ? { cvss } : {}),
    ...(counts.fixedVersion === undefined ? {} : { fixedVersion: counts.fixedVersion }),
    summary: matched.map((claim) => claim.entry.summary ?? '').find(Boolean) ?? '',
    advisory: { source: counts.entry.source, id: counts.entry.id, url: counts.entry.url },
    rule: counts.rule!,
  };
}

// A vulnerability that was fixed twice (a first fix that did not suffice) is fixed by the later one.
function lastFix(claims: readonly Claim[]): Claim {
  return claims.reduce((last, claim) => {
    if (last.fixedVersion === undefined || claim.fixedVersion === undefined) return last;
    if (last.entry.source !== claim.entry.source) return last;
    return claim.order!.compare(claim.fixedVersion, last.fixedVersion) > 0 ? claim : last;
  });
}

function byName(a: string, b: string): number {
  const isCve = (name: string) => Number(name.startsWith('CVE-'));
  return isCve(b) - isCve(a) || (a < b ? -1 : a > b ? 1 : 0);
}

/** Groups claims that share a name, directly or through others. */
function sameVulnerability(claims: readonly Claim[]): Claim[][] {
  const groupOf = new Map<string, Claim[]>();
  const groups = new Set<Claim[]>();
  for (const claim of claims) {
    const known = new Set(claim.names.flatMap((name) => groupOf.get(name) ?? []));
    const joined = new Set(claim.names.map((name) => groupOf.get(name)).filter((group) => group !== undefined));
    const group = [...known, claim];
    for (const old of joined) groups.delete(old);
    groups.add(group);
    for (const member of group) for (const name of member.names) groupOf.set(name, group);
  }
  return [...groups];
}

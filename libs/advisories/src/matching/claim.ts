import { orderOf } from '@gabion/versions/ecosystems';
import { formatInterval, isWithin } from '@gabion/versions/interval';
import type { VersionOrder } from '@gabion/versions/order';
import { semverOrder } from '@gabion/versions/semver';
import type { AffectedEntry, AffectedStatus } from '../advisory.ts';
import { isErratum } from '../errata.ts';
import { type InstalledPackage, isProgram, sourceVersionOf } from '../lookups.ts';
import { upstreamOrder } from '../upstream-order.ts';

/** What one entry says of one vulnerability in the installed version. */
export interface Claim {
  readonly entry: AffectedEntry;
  readonly order: VersionOrder | undefined;
  readonly vulnerabilityId: string;
  /** The vulnerability's names by this entry, its own id first. */
  readonly names: readonly string[];
  /** Undefined: the version is not affected. */
  readonly rule: string | undefined;
  readonly status: AffectedStatus;
  readonly fixedVersion: string | undefined;
}

/** What an entry says of an installed version, one claim for each of its vulnerabilities. */
export function claimsOf(entry: AffectedEntry, version: string, order: VersionOrder | undefined): Claim[] {
  const { status = 'affected' } = entry;
  const rule = status === 'not_affected' ? undefined : ruleOf(entry, version, order);
  const fixedVersion = rule === undefined ? undefined : smallestFix(entry, version, order);
  return entry.vulnerabilities.map((vulnerabilityId) => {
    const more = isErratum(entry.id) ? [] : [entry.id, ...(entry.aliases ?? []).filter((name) => !isErratum(name))];
    return { entry, order, vulnerabilityId, names: [vulnerabilityId, ...more], rule, status, fixedVersion };
  });
}

/** The order by which a package's versions are judged against an entry. */
export function orderFor(pkg: InstalledPackage, entry?: AffectedEntry): VersionOrder | undefined {
  if (isProgram(pkg)) return upstreamOrder;
  return orderOf(pkg.ecosystem) ?? (entry?.isSemver ? semverOrder : undefined);
}

/** The installed version as an entry's ecosystem writes it. */
export function comparedVersion(pkg: InstalledPackage, isSource: boolean): string {
  const version = isSource ? sourceVersionOf(pkg) : pkg.version;
  // The versions of modules begin with v, those of the toolchain and the standard library with go or nothing.
  return pkg.ecosystem === 'Go' ? version.replace(/^go(?=\d)/, '') : version;
}

function ruleOf(entry: AffectedEntry, version: string, order: VersionOrder | undefined): string | undefined {
  const isListed = entry.versions?.some((listed) => listed === version || isEqual(order, listed, version));
  if (isListed) return `${entry.name} = ${version}`;
  if (!order?.isValid(version)) return undefined;
  const interval = entry.intervals?.find((candidate) => isWithin(order, candidate, version));
  if (!interval) return undefined;
  return `${entry.name} ${formatInterval(interval) || 'in every version'}`;
}

// `1.0` and `1.0.0` are one version to PyPI; texts that the order does not know are equal only to themselves.
function isEqual(order: VersionOrder | undefined, a: string, b: string): boolean {
  if (!order) return false;
  return order.isValid(a) && order.isValid(b) && order.compare(a, b) === 0;
}

function smallestFix(entry: AffectedEntry, version: string, order: VersionOrder | undefined): string | undefined {
  if (!order) return undefined;
  const isAffected = (candidate: string) =>
    (entry.intervals ?? []).some((interval) => isWithin(order, interval, candidate)) ||
    (entry.versions ?? []).includes(candidate);
  return [...(entry.intervals ?? []).flatMap(({ before }) => before ?? []), ...(entry.fixed ?? [])]
    .filter((candidate) => order.compare(candidate, version) > 0 && !isAffected(candidate))
    .sort((a, b) => order.compare(a, b))[0];
}

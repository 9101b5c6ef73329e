import type { Package, PackageType } from '@gabion/inventory/package';
import { orderOf } from '@gabion/versions/ecosystems';
import { type FixCommand, fixCommands } from './fix-command.ts';
import { byRisk, countsOf, type Severity, type SeverityCounts } from './risk.ts';

/** One vulnerability of one package, as the plan needs it. */
export interface Vulnerable {
  readonly vulnerabilityId: string;
  readonly severity: Severity;
  readonly package: Package;
  /** First version without it; the source package's where the advisory names sources. Absent: there is no fix. */
  readonly fixedVersion?: string;
  readonly isExploited: boolean;
  readonly epss: number;
}

export interface FixPlan {
  /** In the order of what each removes, most risk first. */
  readonly upgrades: readonly Upgrade[];
  /** What carries the upgrades out, one for each package manager. */
  readonly commands: readonly FixCommand[];
  /** What is left when all of it is done. */
  readonly remaining: SeverityCounts;
  /** Vulnerabilities without a fix. */
  readonly unfixable: number;
}

/** One package to be upgraded, with those of the same source, which go together. */
export interface Upgrade {
  readonly type: PackageType;
  readonly ecosystem: string;
  /** The source package of a system, the package of a language. */
  readonly name: string;
  /** The installed packages, by name. */
  readonly packages: readonly string[];
  readonly installedVersion: string;
  /** The smallest version that removes all of `vulnerabilityIds`. */
  readonly fixedVersion: string;
  readonly removes: SeverityCounts;
  readonly vulnerabilityIds: readonly string[];
  readonly exploited: number;
  readonly path: string;
  readonly layerDiffId: string;
}

/** How the system is called, for its commands: `ID` and `VERSION_ID` of os-release(5). */
export interface System {
  readonly id: string;
  readonly version: string;
}

/**
 * The smallest set of upgrades that removes every vulnerability that can be removed: one for each source package of
 * the system, and for each installed place of a package of a language.
 */
export function fixPlan(vulnerabilities: readonly Vulnerable[], system?: System): FixPlan {
  const fixable = vulnerabilities.filter(hasFix);
  const groups = [...Map.groupBy(fixable, placeOf).values()];
  const ranked = groups.map((group) => ({ upgrade: upgradeOf(group), risk: riskOf(group) }));
  ranked.sort((a, b) => byRisk(a.risk, b.risk) || (a.upgrade.name < b.upgrade.name ? -1 : 1));
  const upgrades = ranked.map(({ upgrade }) => upgrade);
  const left = vulnerabilities.filter((each) => !hasFix(each));
  return { upgrades, commands: fixCommands(upgrades, system), remaining: countsOf(left), unfixable: left.length };
}

type Fixable = Vulnerable & { readonly fixedVersion: string };

function hasFix(vulnerable: Vulnerable): vulnerable is Fixable {
  return vulnerable.fixedVersion !== undefined && vulnerable.fixedVersion !== '';
}

const systemTypes: ReadonlySet<PackageType> = new Set(['deb', 'apk', 'rpm', 'alpm']);

/** What is upgraded together. */
function placeOf({ package: { type, ecosystem, name, version, sourceName, sourceVersion, path } }: Vulnerable): string {
  const what = systemTypes.has(type) ? [sourceName || name, sourceVersion || version] : [name, version, path];
  return JSON.stringify([type, ecosystem, ...what]);
}

function upgradeOf(group: readonly Fixable[]): Upgrade {
  const { type, ecosystem, name, version, sourceName, path, layerDiffId } = group[0]!.package;
  const order = orderOf(ecosystem);
  const fixedVersion = group
    .map((each) => each.fixedVersion)
    .reduce((last, next) => (order && order.compare(next, last) > 0 ? next : last));
  const distinct = [...new Map(group.map((each) => [each.vulnerabilityId, each])).values()];
  return {
    type,
    ecosystem,
    name: systemTypes.has(type) ? sourceName || name : name,
    packages: [...new Set(group.map((each) => each.package.name))].sort(),
    installedVersion: version,
    fixedVersion,
    removes: countsOf(distinct),
    vulnerabilityIds: distinct.map((each) => each.vulnerabilityId).sort(),
    exploited: distinct.filter(({ isExploited }) => isExploited).length,
    path,
    layerDiffId,
  };
}

function riskOf(group: readonly Fixable[]) {
  const distinct = [...new Map(group.map((each) => [each.vulnerabilityId, each])).values()];
  return {
    exploited: distinct.filter(({ isExploited }) => isExploited).length,
    counts: countsOf(distinct),
    epss: Math.max(0, ...distinct.map(({ epss }) => epss)),
  };
}

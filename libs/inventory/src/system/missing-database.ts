import type { Warnings } from '../warnings.ts';
import { hasAdvisories, hasEcosystem } from './ecosystem.ts';
import type { OperatingSystem } from './os-release.ts';

/** The package manager of a system, by the name of its cataloguer, and where its database is. */
const managers = {
  dpkg: 'var/lib/dpkg/status',
  apk: 'lib/apk/db/installed',
  rpm: 'var/lib/rpm',
  pacman: 'var/lib/pacman/local',
  opkg: 'usr/lib/opkg/status',
} as const;

/** Systems that have another package manager than rpm. */
const managerOf: ReadonlyMap<string, keyof typeof managers> = new Map([
  ['debian', 'dpkg'],
  ['ubuntu', 'dpkg'],
  ['echo', 'dpkg'],
  ['alpine', 'apk'],
  ['wolfi', 'apk'],
  ['chainguard', 'apk'],
  ['minimos', 'apk'],
  ['arch', 'pacman'],
  ['openwrt', 'opkg'],
]);

/**
 * Warns where packages cannot be known or judged: the database that the system would have is not there (it was deleted
 * to make the image small), or there is one that no known system, or none that advisories speak of, says is its own.
 */
export function warnOfDatabases(
  os: OperatingSystem | undefined,
  /** Names of the cataloguers that found a database. */
  databases: readonly string[],
  warnings: Warnings,
): void {
  if (!os) {
    if (databases.length === 0) return;
    warnings.add('os_unknown', 'the image has a package database but does not name its operating system');
    return;
  }
  const manager = managerOf.get(os.id) ?? (hasEcosystem(os) ? 'rpm' : undefined);
  const isThere = manager ? databases.includes(manager) : databases.length > 0;
  if (!isThere) {
    const database = manager ? `${manager} (${managers[manager]})` : 'any package manager';
    const message = `${os.prettyName} has no package database of ${database}: what it installed cannot be known`;
    warnings.add('packages_without_database', message);
  }
  if (databases.length > 0 && !hasAdvisories(os)) {
    const message = `no advisories speak of ${os.prettyName}: the packages of its package manager are not judged`;
    warnings.add('os_without_advisories', message);
  }
}

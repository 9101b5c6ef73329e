import type { Package } from '@gabion/inventory/package';
import type { OperatingSystem } from '@gabion/inventory/system/os-release';
import { parsePurl } from '@gabion/purl/purl';
import { type PackageHints, packageFromPurl } from './package-from-purl.ts';
import type { Sbom, SbomWarning } from './sbom.ts';
import { systemOfPurl } from './system-of-purl.ts';

/** One component of a document of any format, before it is a package. */
export interface Entry extends PackageHints {
  readonly name: string;
  readonly purl: string;
  /** A file, an image or the subject itself: nothing that advisories speak of. */
  readonly isNoPackage: boolean;
}

/** The packages of a document's components, each once, and what cannot be used of them. */
export function packagesOf(
  entries: readonly Entry[],
  named: OperatingSystem | undefined,
): Pick<Sbom, 'operatingSystem' | 'packages' | 'warnings'> {
  const operatingSystem = named ?? systemOfEntries(entries);
  const found = new Map<string, Package>();
  let withoutPurl = 0;
  let strange = 0;
  for (const { purl, isNoPackage, name: _name, ...hints } of entries) {
    if (isNoPackage) continue;
    const made = purl ? packageFromPurl(purl, { ...(operatingSystem && { operatingSystem }), ...hints }) : undefined;
    if (made) found.set(`${made.purl}\n${made.version}\n${made.path}`, made);
    else if (purl) strange++;
    else withoutPurl++;
  }
  const packages = [...found.values()];
  const isSystemless = !operatingSystem && packages.some(({ type }) => ['deb', 'rpm', 'apk'].includes(type));
  return {
    ...(operatingSystem && { operatingSystem }),
    packages,
    warnings: [
      ...warning('components_without_purl', withoutPurl, 'components have no package URL and were not judged'),
      ...warning('components_not_packages', strange, 'components have a package URL that names no known package'),
      ...(isSystemless
        ? [{ code: 'os_unknown' as const, message: 'no operating system with a version is named' }]
        : []),
    ],
  };
}

function systemOfEntries(entries: readonly Entry[]): OperatingSystem | undefined {
  for (const { purl } of entries) {
    const parts = /^pkg:(?:deb|apk|rpm|alpm)\//.test(purl) ? parsePurl(purl) : undefined;
    const system = parts && systemOfPurl(parts);
    if (system) return system;
  }
  return undefined;
}

function warning(code: SbomWarning['code'], count: number, text: string): SbomWarning[] {
  return count === 0 ? [] : [{ code, message: `${count} ${text}` }];
}

import { ecosystemName, isSourceNamed } from './ecosystem-name.ts';
import { packageKey } from './package-key.ts';
import { bitnamiNameOf } from './program-names.ts';

/** An installed package, as matching needs it. */
export interface InstalledPackage {
  /** Package URL type; only `generic`, a program without a package manager, makes a difference. */
  readonly type?: string;
  /** OSV ecosystem with its release: `Debian:11`, `Alpine:v3.10`, `npm`. */
  readonly ecosystem: string;
  readonly name: string;
  readonly version: string;
  /** The source package that advisories may name; the package itself where it has none. */
  readonly sourceName?: string;
  readonly sourceVersion?: string;
  readonly architecture?: string;
  /** Module stream of an rpm, `nodejs:12`; empty outside modules. */
  readonly module?: string;
}

/** Under what names an advisory speaks of a package. */
export interface Lookup {
  readonly ecosystem: string;
  readonly name: string;
}

/** Where the entries that can concern a package are stored: all of them, each once. */
export function lookupsOf(pkg: InstalledPackage): readonly Lookup[] {
  if (isProgram(pkg)) return programLookups(pkg.name);
  if (pkg.ecosystem === '') return [];
  const source = pkg.sourceName || pkg.name;
  const names = isSourceNamed(pkg.ecosystem) ? [source] : [...new Set([pkg.name, source])];
  return ecosystemsOf(pkg).flatMap((ecosystem) =>
    names.map((name) => ({ ecosystem, name: packageKey(ecosystem, name) })),
  );
}

/** The first of the lookups: the package under its own ecosystem. */
export function lookupOf(pkg: InstalledPackage): Lookup {
  return lookupsOf(pkg)[0] ?? { ecosystem: pkg.ecosystem, name: pkg.name };
}

/** Whether it is a program that no package manager brought. */
export function isProgram({ type, ecosystem }: InstalledPackage): boolean {
  return ecosystem === 'generic' || (type === 'generic' && ecosystem === '');
}

/** The version that advisories of source packages mean. */
export function sourceVersionOf(pkg: InstalledPackage): string {
  return pkg.sourceVersion || pkg.version;
}

// The ecosystems whose advisories apply; CentOS has none of its own and rebuilds Red Hat's packages.
function ecosystemsOf(pkg: InstalledPackage): string[] {
  const own = ecosystemName(pkg.ecosystem) ?? pkg.ecosystem;
  const centos = /^CentOS(?: Stream)?:(\d+)/.exec(own)?.[1];
  if (centos !== undefined) return [`Red Hat:${centos}`, own];
  const ubuntu = /^Ubuntu:(\d+\.\d+)$/.exec(own)?.[1];
  // Ubuntu Pro's advisories are for those who have its packages.
  if (ubuntu !== undefined && isExtended(pkg)) return [own, `Ubuntu:Pro:${ubuntu}`];
  return [own];
}

/** Whether the version is one of Ubuntu Pro's extended maintenance. */
export function isExtended(pkg: InstalledPackage): boolean {
  return /[+~.]esm\d/.test(sourceVersionOf(pkg));
}

function programLookups(name: string): Lookup[] {
  const bitnami = bitnamiNameOf(name);
  const nvd = { ecosystem: 'generic', name };
  return bitnami === undefined ? [nvd] : [nvd, { ecosystem: 'Bitnami', name: bitnami }];
}

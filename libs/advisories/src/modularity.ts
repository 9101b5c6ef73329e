import type { AffectedEntry } from './advisory.ts';

/** What is installed, as far as modules matter. */
export interface ModularPackage {
  readonly version: string;
  /** `nodejs:12`, or with version, context and architecture behind it. */
  readonly module?: string;
}

/** Whether the version was built in a module: `1.0-1.module+el8.3.0+7855+47abd494`, `.module_el8`. */
export function isModularVersion(version: string): boolean {
  return /[.]module[+_]/.test(version);
}

/**
 * Whether an advisory of a module may speak of the package: a stream's only of the stream's, one of no module only of
 * packages outside modules. Where either side does not name its stream, being modular has to do.
 */
export function isSameModularity(pkg: ModularPackage, entry: AffectedEntry): boolean {
  const installed = streamOf(pkg.module ?? '');
  const isModular = installed !== '' || isModularVersion(pkg.version);
  if (entry.modules && entry.modules.length > 0) {
    if (installed !== '') return entry.modules.some((module) => streamOf(module) === installed);
    return isModular;
  }
  const bounds = (entry.intervals ?? []).flatMap(({ before, through }) => before ?? through ?? []);
  // What has no fix has no bound to tell by, and where no module is named it is meant for all builds.
  if (bounds.length === 0) return true;
  return bounds.some(isModularVersion) === isModular;
}

function streamOf(module: string): string {
  return module.split(':').slice(0, 2).join(':');
}

/** The streams that an erratum's title names: `Important: nodejs:16 security update`. */
export function modulesOfTitle(title: string): string[] {
  const words = title
    .slice(0, 300)
    .replace(/^[A-Za-z]+:\s/, '')
    .split(/[\s,]+/);
  return words.filter((word) => /^[a-z][a-z0-9+_.-]*:[a-z0-9][a-z0-9+_.-]*$/i.test(word)).slice(0, 8);
}

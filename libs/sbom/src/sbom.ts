import type { Package } from '@gabion/inventory/package';
import type { OperatingSystem } from '@gabion/inventory/system/os-release';

/** What was read from an SBOM. */
export interface Sbom {
  readonly format: 'cyclonedx' | 'spdx';
  /** `1.6`, `2.3`. */
  readonly version: string;
  /** What it says it is about. */
  readonly name: string;
  readonly imageDigest?: string;
  readonly operatingSystem?: OperatingSystem;
  readonly packages: readonly Package[];
  readonly warnings: readonly SbomWarning[];
}

/** Part of an SBOM that could not be used; there is one of each code at most. */
export interface SbomWarning {
  readonly code: 'components_without_purl' | 'components_not_packages' | 'os_unknown';
  readonly message: string;
}

/** The most components of one document. */
export const maxComponents = 200_000;

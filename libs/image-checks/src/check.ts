import type { ImageConfig } from '@gabion/oci/image-config';
import type { View } from '@gabion/rootfs/view';

export type CheckSeverity = 'critical' | 'high' | 'medium' | 'low' | 'negligible';

/** One thing that an image should or should not have. */
export interface Check {
  /** Stable: `GABION-IMG-0001`. */
  readonly id: string;
  readonly title: string;
  readonly severity: CheckSeverity;
  /** What to do about it. */
  readonly remediation: string;
  /** Sections of benchmarks that ask for it. */
  readonly benchmarks: readonly string[];
  /** Where the image falls short; empty when it does not. */
  violations(image: CheckedImage): Iterable<Violation>;
}

/** What is known of an image when it is checked. */
export interface CheckedImage {
  readonly config: ImageConfig;
  /** Lowest first. */
  readonly layers: readonly { readonly diffId: string; readonly createdBy: string }[];
  readonly view: View;
}

/** One place where an image falls short of a check. Values that may be secret are never part of it. */
export interface Violation {
  readonly message: string;
  /** The file, for checks of files. */
  readonly path?: string;
  /** Index of the layer that brought it, where it is one. */
  readonly layer?: number;
  /** Where this place is better or worse than others. */
  readonly severity?: CheckSeverity;
}

/** A check that an image falls short of, at one place. */
export interface CheckFinding {
  readonly checkId: string;
  readonly title: string;
  readonly severity: CheckSeverity;
  readonly message: string;
  readonly remediation: string;
  readonly benchmarks: readonly string[];
  readonly path: string;
  /** Empty for what is in the image's configuration. */
  readonly layerDiffId: string;
  readonly createdBy: string;
}

/** "CIS Docker Benchmark 1.7.0, 4.1" */
export function cis(section: string): string {
  return `CIS Docker Benchmark 1.7.0, ${section}`;
}

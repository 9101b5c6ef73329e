import type { Severity } from '@gabion/advisories/advisory';

/** What is found in an image whatever the advisories say: it changes with the image and the analysers alone. */
export type StaticFinding = SecretFinding | MalwareFinding | ConfigurationFinding | LicenceFinding;

/** Where in an image something is. */
export interface FindingPlace {
  /** File from the root, inside an archive `app.war!WEB-INF/lib/a.jar`; empty for what is in the image's configuration. */
  readonly path: string;
  /** From 1; absent where there is none. */
  readonly line?: number;
  /** The layer that brought it; empty for what is in the image's configuration. */
  readonly layerDiffId: string;
  /** A later layer deletes or replaces the file. */
  readonly isDeleted?: true;
}

interface Found {
  readonly severity: Severity;
  /** One line that says what it is; never the secret itself. */
  readonly summary: string;
  readonly place: FindingPlace;
}

export interface SecretFinding extends Found {
  readonly kind: 'secret';
  readonly ruleId: string;
  readonly title: string;
  /** What matched, with the secret itself blotted out. */
  readonly redacted: string;
  readonly origin: 'file' | 'environment' | 'history' | 'label';
}

export interface MalwareFinding extends Found {
  readonly kind: 'malware';
  /** Name of the signature or rule. */
  readonly name: string;
  readonly engine: 'hash' | 'yara' | 'clamav';
  /** Digest of the file, `sha256:…`. */
  readonly digest: string;
}

export interface ConfigurationFinding extends Found {
  readonly kind: 'configuration';
  readonly checkId: string;
  readonly message: string;
  readonly remediation: string;
  readonly benchmarks: readonly string[];
}

export interface LicenceFinding extends Found {
  readonly kind: 'licence';
  /** SPDX expression, or the package's own words where they are none. */
  readonly licence: string;
  readonly category: string;
  readonly verdict: 'denied' | 'unknown';
  /** Index of its package in the inventory; absent for the licence of a mere file. */
  readonly package?: number;
}

import type { Severity } from '@gabion/advisories/advisory';
import type { Package, PackageType } from '@gabion/inventory/package';
import type { LicenceCategory } from '@gabion/licences/category';

/**
 * All that one scan found, as plain JSON: what every report is made from. Nothing in it is rendered, and texts are as the
 * image has them, so each format escapes them for itself. Secrets are redacted before they come here.
 */
export interface ScanResult {
  /** As the user named it: `registry.example/app:1.2`, `./rootfs`, `bom.json`. */
  readonly target: string;
  readonly targetKind: 'image' | 'file-system' | 'sbom';
  /** Digest of the image manifest of the platform scanned, `sha256:…`. */
  readonly imageDigest?: string;
  /** `linux/amd64`. */
  readonly platform?: string;
  readonly operatingSystem?: OperatingSystem;
  /** From the lowest up. */
  readonly layers: readonly Layer[];
  readonly packages: readonly Package[];
  readonly findings: readonly Finding[];
  readonly warnings: readonly Warning[];
  readonly fixPlan?: FixPlan;
  readonly scanner: { readonly name: string; readonly version: string };
  /** RFC 3339. */
  readonly startedAt: string;
  readonly endedAt: string;
}

export interface OperatingSystem {
  /** `ID` of os-release(5): `debian`. */
  readonly id: string;
  /** `VERSION_ID`: `11`. */
  readonly version: string;
  readonly prettyName: string;
  readonly codename: string;
  /** Last day of security support, `2026-08-31`. */
  readonly endOfLife?: string;
  /** Whether that day had passed when the image was judged. */
  readonly isEndOfLife?: boolean;
}

export interface Layer {
  /** Of the compressed blob; empty for a docker-archive. */
  readonly digest: string;
  readonly diffId: string;
  /** Instruction of the image history that made it. */
  readonly createdBy: string;
  /** Uncompressed size in bytes. */
  readonly size: number;
}

/** Something that kept part of the target from being judged. */
export interface Warning {
  readonly code: string;
  readonly message: string;
}

export type Finding = VulnerabilityFinding | SecretFinding | MalwareFinding | ConfigurationFinding | LicenceFinding;

export type FindingKind = Finding['kind'];

interface FindingBase {
  /** Content hash: the same in every scan of the same image. */
  readonly id: string;
  readonly severity: Severity;
  /** The layer that brought it; absent where no layer did. */
  readonly layerDiffId?: string;
  /** File in the image without a leading slash; inside an archive `app.war!WEB-INF/lib/a.jar`. */
  readonly path?: string;
  /** Why it does not count. Such a finding stays in the result, and reports tell it apart. */
  readonly suppressedBy?: Suppression;
}

/** The statement or exception that took a finding out of the count. */
export interface Suppression {
  readonly kind: 'vex' | 'exception' | 'view';
  /** Id of the VEX document or of the exception; name of the view. */
  readonly id: string;
  /** `not_affected`, `fixed`, or what the exception or the view says. */
  readonly status: string;
  readonly justification?: string;
  readonly reason: string;
  readonly owner: string;
  /** RFC 3339; exceptions end. */
  readonly expiresAt?: string;
}

/** One known vulnerability of one installed package. */
export interface VulnerabilityFinding extends FindingBase {
  readonly kind: 'vulnerability';
  /** CVE where there is one, else the advisory's own id. */
  readonly vulnerabilityId: string;
  readonly aliases: readonly string[];
  /** Index in `packages`. */
  readonly package: number;
  /** What each source says, the one that counts first. */
  readonly severities: readonly VendorSeverity[];
  readonly cvss?: Cvss;
  /** FIRST's Exploit Prediction Scoring System, both from 0 to 1. */
  readonly epss?: { readonly probability: number; readonly percentile: number; readonly date: string };
  /** In CISA's catalogue of known exploited vulnerabilities; dates as `2024-05-01`. */
  readonly kev?: { readonly addedOn: string; readonly dueOn?: string; readonly isRansomware: boolean };
  readonly status: VulnerabilityStatus;
  /** The smallest version without it, where the source names one. */
  readonly fixedVersion?: string;
  /** RFC 3339 time or date since when that version has been there. */
  readonly fixReleasedAt?: string;
  readonly summary: string;
  /** `CWE-79`. */
  readonly cwes: readonly string[];
  readonly references: readonly string[];
  /** RFC 3339 time or date. */
  readonly publishedAt?: string;
  /** The package itself is malicious, and not merely vulnerable. */
  readonly isMalicious: boolean;
  readonly advisory: AdvisoryRecord;
}

/** What the source says of a fix: `fixed` has a fixed version, `affected` none yet, `will_not_fix` and `end_of_life` get none. */
export type VulnerabilityStatus =
  | 'affected'
  | 'fixed'
  | 'fix_deferred'
  | 'will_not_fix'
  | 'end_of_life'
  | 'under_investigation';

export interface VendorSeverity {
  /** The imported source: `debian-tracker`, `nvd`. */
  readonly source: string;
  readonly severity: Severity;
  readonly cvss?: Cvss;
}

/** A vector of any version with its score. */
export interface Cvss {
  readonly vector: string;
  readonly score: number;
}

/** The record that matched and how. */
export interface AdvisoryRecord {
  /** The imported source: `debian-dsa`. */
  readonly source: string;
  /** Id of its record: `DSA-5140-1`. */
  readonly id: string;
  readonly url: string;
  /** `openldap < 2.4.57+dfsg-3+deb11u1`. */
  readonly rule: string;
}

export interface SecretFinding extends FindingBase {
  readonly kind: 'secret';
  readonly ruleId: string;
  readonly title: string;
  /** Where it stands: a file, or the image's configuration. */
  readonly origin: 'file' | 'environment' | 'history' | 'label';
  /** From 1; absent outside text files. */
  readonly line?: number;
  /** The line with the value struck out: `aws_secret = ****`. */
  readonly redacted: string;
  /** A later layer deletes the file, but who has the image still has the secret. */
  readonly isDeleted: boolean;
}

export interface MalwareFinding extends FindingBase {
  readonly kind: 'malware';
  /** As its engine calls it: `Eicar-Test-Signature`. */
  readonly name: string;
  /** `clamav`, `yara`, `hash-list`, `advisories`. */
  readonly engine: string;
  /** Of the file, `sha256:…`. */
  readonly digest?: string;
  readonly isDeleted: boolean;
}

export interface ConfigurationFinding extends FindingBase {
  readonly kind: 'configuration';
  /** `GABION-IMG-0001`. */
  readonly checkId: string;
  readonly title: string;
  readonly message: string;
  readonly remediation: string;
  /** `CIS Docker Benchmark 1.7.0, 4.1`. */
  readonly benchmarks: readonly string[];
}

export interface LicenceFinding extends FindingBase {
  readonly kind: 'licence';
  /** Index in `packages`. */
  readonly package: number;
  /** SPDX expression, or the name that the package gives. */
  readonly licence: string;
  readonly category: LicenceCategory;
  /** What the policy says. */
  readonly verdict: 'allowed' | 'denied' | 'unknown';
}

/** What to do about it. */
export interface FixPlan {
  /** Most risk removed first. */
  readonly upgrades: readonly Upgrade[];
  /** One for each package manager: they carry the upgrades out. */
  readonly commands: readonly FixCommand[];
  readonly baseImage?: BaseImageAdvice;
  /** What is left when all of it is done. */
  readonly remaining: SeverityCounts;
  /** Vulnerabilities for which no fix exists. */
  readonly unfixableCount: number;
}

export type SeverityCounts = Readonly<Record<Severity, number>>;

/** One package to be upgraded; packages of one source that go together are one upgrade. */
export interface Upgrade {
  readonly packageType: PackageType;
  readonly name: string;
  readonly packages: readonly string[];
  readonly installedVersion: string;
  readonly fixedVersion: string;
  readonly removes: SeverityCounts;
  readonly vulnerabilityIds: readonly string[];
  /** Known to be exploited among them. */
  readonly exploitedCount: number;
  readonly path: string;
  readonly layerDiffId: string;
  readonly isInBaseImage: boolean;
}

export interface FixCommand {
  readonly packageType: PackageType;
  /** `apt-get update && apt-get install --only-upgrade -y openssl=1.1.1n-0+deb11u5`; empty where there is none. */
  readonly command: string;
  /** What the command cannot do, and what to do by hand. */
  readonly note: string;
}

/** The image that this one was built on, recognised by its layers. */
export interface BaseImageAdvice {
  readonly base: string;
  readonly baseDigest: string;
  readonly layerCount: number;
  /** Findings that the base image brings. */
  readonly brings: SeverityCounts;
  /** Best first. */
  readonly options: readonly RebaseOption[];
}

export interface RebaseOption {
  readonly image: string;
  readonly imageDigest: string;
  readonly scannedAt: string;
  readonly removes: SeverityCounts;
  readonly adds: SeverityCounts;
}

import type { Interval } from '@gabion/versions/interval';

/** Forms of feeds that can be read. */
export type AdvisoryFormat = 'osv' | 'alpine_secdb' | 'debian_lists' | 'gitlab';

/** How bad a vulnerability is, as its source says or as its CVSS score rates. */
export type Severity = 'critical' | 'high' | 'medium' | 'low' | 'negligible' | 'unknown';

/** The CVSS vector that counts, with its score. */
export interface CvssScore {
  readonly vector: string;
  readonly score: number;
}

/**
 * What an advisory says of a package: `affected` within the intervals and versions; `unfixed` and `end_of_life` the same,
 * but no fix is to come; `not_affected` in no version.
 */
export type AffectedStatus = 'affected' | 'unfixed' | 'end_of_life' | 'not_affected';

/** What an advisory says of one package of one ecosystem. */
export interface Affected {
  /** OSV ecosystem with its release: `npm`, `Debian:11`, `Alpine:v3.10`. */
  readonly ecosystem: string;
  /** As `packageKey` writes it; the source package for Debian and Alpine. */
  readonly name: string;
  readonly status: AffectedStatus;
  readonly intervals: readonly Interval[];
  /** Single versions that no interval holds. */
  readonly versions: readonly string[];
  /** Versions that the source names as fixed, beside the upper bounds of the intervals. */
  readonly fixed: readonly string[];
  /** The intervals are in Semantic Versioning's order although the ecosystem has none of its own here. */
  readonly isSemver?: true;
  readonly severity?: Severity;
  readonly cvss?: CvssScore;
}

/** One record of a feed in the form that is common to all of them. */
export interface Advisory {
  /** Name of the import, for example `debian-dsa`. */
  readonly source: string;
  readonly format: AdvisoryFormat;
  /** The record's own id: `DSA-5140-1`, `GHSA-…`, `CVE-…`. */
  readonly id: string;
  /** Other names of the same vulnerability. */
  readonly aliases: readonly string[];
  /** What it is about: CVEs where there are any, else its own id; none where it tells of no vulnerability. */
  readonly vulnerabilities: readonly string[];
  readonly summary: string;
  readonly url: string;
  readonly severity?: Severity;
  readonly cvss?: CvssScore;
  /** RFC 3339 time or date of the latest change. */
  readonly modified?: string;
  readonly isWithdrawn: boolean;
  readonly affected: readonly Affected[];
}

/** One package of one advisory, with all that matching needs, as compact plain JSON to be stored. */
export interface AffectedEntry {
  /** Version of this form; entries of another version must be imported anew. */
  readonly schema: 1;
  readonly source: string;
  readonly format: AdvisoryFormat;
  readonly ecosystem: string;
  readonly name: string;
  readonly id: string;
  readonly aliases?: readonly string[];
  readonly vulnerabilities: readonly string[];
  readonly summary?: string;
  readonly url: string;
  readonly status?: AffectedStatus;
  readonly intervals?: readonly Interval[];
  readonly versions?: readonly string[];
  readonly fixed?: readonly string[];
  readonly isSemver?: true;
  readonly severity?: Severity;
  readonly cvss?: CvssScore;
}

const maxSummaryLength = 300;

/** The entries of an advisory to store, one per ecosystem and package; none if it is withdrawn or no vulnerability. */
export function affectedEntries(advisory: Advisory): AffectedEntry[] {
  if (advisory.isWithdrawn || advisory.vulnerabilities.length === 0) return [];
  return advisory.affected.map((affected) => ({
    schema: 1,
    source: advisory.source,
    format: advisory.format,
    ecosystem: affected.ecosystem,
    name: affected.name,
    id: advisory.id,
    ...given('aliases', advisory.aliases),
    vulnerabilities: advisory.vulnerabilities,
    ...(advisory.summary === '' ? {} : { summary: advisory.summary.slice(0, maxSummaryLength) }),
    url: advisory.url,
    ...(affected.status === 'affected' ? {} : { status: affected.status }),
    ...given('intervals', affected.intervals),
    ...given('versions', affected.versions),
    ...given('fixed', affected.fixed),
    ...(affected.isSemver ? { isSemver: true as const } : {}),
    ...optional('severity', affected.severity ?? advisory.severity),
    ...optional('cvss', affected.cvss ?? advisory.cvss),
  }));
}

function given<K extends string, V>(key: K, values: readonly V[]): { [key in K]?: readonly V[] } {
  return values.length === 0 ? {} : ({ [key]: values } as { [key in K]: readonly V[] });
}

function optional<K extends string, V>(key: K, value: V | undefined): { [key in K]?: V } {
  return value === undefined ? {} : ({ [key]: value } as { [key in K]: V });
}

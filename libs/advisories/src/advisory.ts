import type { Interval } from '@gabion/versions/interval';

/** Forms of feeds that can be read. */
export type AdvisoryFormat =
  | 'osv'
  | 'alpine_secdb'
  | 'debian_lists'
  | 'debian_tracker'
  | 'ubuntu_tracker'
  | 'csaf'
  | 'oval'
  | 'updateinfo'
  | 'errata_json'
  | 'photon'
  | 'arch'
  | 'gitlab'
  | 'rustsec'
  | 'nvd'
  | 'epss'
  | 'kev'
  | 'endoflife';

/** How bad a vulnerability is, as its source says or as its CVSS score rates. */
export type Severity = 'critical' | 'high' | 'medium' | 'low' | 'negligible' | 'unknown';

/** A CVSS vector with its base score. */
export interface CvssScore {
  readonly vector: string;
  readonly score: number;
}

/**
 * What an advisory says of a package. `affected`, `unfixed` (no fix yet), `fix_deferred`, `will_not_fix`, `end_of_life`
 * and `under_investigation` hold within the intervals and versions; `not_affected` in no version.
 */
export type AffectedStatus =
  | 'affected'
  | 'unfixed'
  | 'fix_deferred'
  | 'will_not_fix'
  | 'end_of_life'
  | 'under_investigation'
  | 'not_affected';

/** Whether the name is that of a source package, or may be that of a source package or a binary one. */
export type Naming = 'source' | 'either';

/** What limits to which builds of a package an advisory applies. */
export interface Applicability {
  /** Streams of modules, `nodejs:16`; such advisories speak only of packages of these streams. */
  readonly modules?: readonly string[];
  /** Architectures as the package manager writes them; absent: all. */
  readonly architectures?: readonly string[];
  /** Absent: as usual in the ecosystem (source packages for Debian and Alpine, binary ones elsewhere). */
  readonly naming?: Naming;
}

/** What an advisory says of one package of one ecosystem. */
export interface Affected extends Applicability {
  /** OSV ecosystem with its release: `npm`, `Debian:11`, `Alpine:v3.10`. */
  readonly ecosystem: string;
  /** As `packageKey` writes it. */
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
  /** The vector that counts. */
  readonly cvss?: CvssScore;
  /** All vectors of the record, one of each CVSS version. */
  readonly scores?: readonly CvssScore[];
  readonly cwes?: readonly string[];
  readonly references?: readonly string[];
  /** RFC 3339 time or date. */
  readonly published?: string;
  /** RFC 3339 time or date of the latest change. */
  readonly modified?: string;
  readonly isWithdrawn: boolean;
  readonly affected: readonly Affected[];
}

/** The version of the stored form of entries. */
export const entrySchema = 2;

/** One package of one advisory, with all that matching needs, as compact plain JSON to be stored. */
export interface AffectedEntry extends Applicability {
  /** Entries of another version must be imported anew. */
  readonly schema: typeof entrySchema;
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
  readonly scores?: readonly CvssScore[];
  readonly cwes?: readonly string[];
  readonly references?: readonly string[];
  readonly published?: string;
  readonly modified?: string;
}

const maxSummaryLength = 300;
const maxReferences = 2;

/** The entries of an advisory to store, one per ecosystem and package; none if it is withdrawn or no vulnerability. */
export function affectedEntries(advisory: Advisory): AffectedEntry[] {
  if (advisory.isWithdrawn || advisory.vulnerabilities.length === 0) return [];
  const told = {
    ...given('cwes', advisory.cwes),
    ...given('references', advisory.references?.filter((url) => url !== advisory.url).slice(0, maxReferences)),
    ...(advisory.scores && advisory.scores.length > 1 ? { scores: advisory.scores } : {}),
    ...optional('published', advisory.published || undefined),
    ...optional('modified', advisory.modified || undefined),
  };
  return advisory.affected.map((affected) => ({
    schema: entrySchema,
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
    ...given('modules', affected.modules),
    ...given('architectures', affected.architectures),
    ...optional('naming', affected.naming),
    ...(affected.isSemver ? { isSemver: true as const } : {}),
    ...optional('severity', affected.severity ?? advisory.severity),
    ...optional('cvss', affected.cvss ?? advisory.cvss),
    ...told,
  }));
}

/** Whether the advisory tells of a package that is itself an attack, not of a weakness in one. */
export function isMalicious(id: string): boolean {
  return id.startsWith('MAL-');
}

function given<K extends string, V>(key: K, values: readonly V[] = []): { [key in K]?: readonly V[] } {
  return values.length === 0 ? {} : ({ [key]: values } as { [key in K]: readonly V[] });
}

function optional<K extends string, V>(key: K, value: V | undefined): { [key in K]?: V } {
  return value === undefined ? {} : ({ [key]: value } as { [key in K]: V });
}

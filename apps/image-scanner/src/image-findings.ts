import { createHash } from 'node:crypto';
import type { CvssScore } from '@gabion/advisories/advisory';
import { severityOfCvss } from '@gabion/advisories/severity';
import { FindingKind, Severity } from '@gabion/contracts/gabion/scan/v1/scans_pb';
import type { Package } from '@gabion/inventory/package';
import type { Database, Tx } from '@gabion/postgres/database';
import { sql } from 'kysely';
import type { StaticFinding } from './finding.ts';
import type { ImageContents } from './image-contents.ts';
import { severities } from './judgement.ts';
import type { Suppression } from './suppression.ts';

/** A finding of a component, with the facts that its place in the list hangs on. */
export interface ComponentFinding {
  readonly component_id: number;
  readonly vulnerability_id: string;
  readonly names: readonly string[];
  readonly severity: Severity;
  readonly cvss_score: number;
  readonly fixed_version: string;
  readonly is_malicious: boolean;
  readonly known_since: Date;
  readonly epss_score: number | null;
  readonly is_exploited: boolean;
  /** What others score where the advisories do not. */
  readonly scores: readonly CvssScore[] | null;
}

/** One finding in one place of an image. */
export interface ImageFinding {
  readonly kind: FindingKind;
  readonly severity: Severity;
  /** Known to be exploited (KEV). */
  readonly isExploited: boolean;
  readonly epssScore: number;
  readonly cvssScore: number;
  /** Of the package, secret rule, check, signature or licence. */
  readonly name: string;
  /** What is found, by all its names: those of the vulnerability, else the rule's. */
  readonly names: readonly string[];
  readonly path: string;
  readonly subject: Package | undefined;
  /** Content hash of what was found where. */
  readonly id: string;
  /** Exactly one of these two. */
  readonly vulnerability?: ComponentFinding;
  readonly found?: StaticFinding;
  /** Why it does not count. */
  readonly suppression: Suppression | undefined;
  suppressedBy(suppression: Suppression): ImageFinding;
}

/** All findings of an image, in no order: those of its components in each place, and its own. */
export function findingsOf(
  { packages, findings }: ImageContents,
  components: readonly number[],
  found: readonly ComponentFinding[],
): ImageFinding[] {
  const byComponent = Map.groupBy(found, (each) => each.component_id);
  const inPackages = packages.flatMap((each, index) =>
    (byComponent.get(components[index]!) ?? []).map((one) => new VulnerableHere(each, one)),
  );
  return [...inPackages, ...findings.map((each) => new FoundHere(each, packageOf(each, packages)))];
}

/** What is said of components now. */
export async function componentFindings(
  within: Database['kysely'] | Tx,
  componentIds: readonly number[],
): Promise<ComponentFinding[]> {
  const { rows } = await sql<ComponentFinding>`
    select f.component_id, f.vulnerability_id, f.names, f.severity, f.cvss_score, f.fixed_version, f.is_malicious,
      f.known_since, facts.epss_score, facts.kev_date is not null as is_exploited,
      case when f.cvss_score = 0 or f.severity = ${Severity.UNKNOWN} then facts.cvss end as scores
    from component_findings f
    left join vulnerability_facts facts on facts.id = f.vulnerability_id
    where f.component_id = any(${[...new Set(componentIds)]}::int[])`.execute(within);
  return rows;
}

/** A vulnerability in one package; objects of a class, for there may be many and few of their ids are asked for. */
class VulnerableHere implements ImageFinding {
  readonly kind = FindingKind.VULNERABILITY;

  constructor(
    readonly subject: Package,
    readonly vulnerability: ComponentFinding,
    readonly suppression: Suppression | undefined = undefined,
  ) {}

  suppressedBy(suppression: Suppression): ImageFinding {
    return new VulnerableHere(this.subject, this.vulnerability, suppression);
  }

  get severity(): Severity {
    return effectiveSeverity(this.vulnerability);
  }

  get isExploited(): boolean {
    return this.vulnerability.is_exploited;
  }

  get epssScore(): number {
    return this.vulnerability.epss_score ?? 0;
  }

  get cvssScore(): number {
    return this.vulnerability.cvss_score || (scoreThatCounts(this.vulnerability)?.score ?? 0);
  }

  get name(): string {
    return this.subject.name;
  }

  get names(): readonly string[] {
    return this.vulnerability.names;
  }

  get path(): string {
    return this.subject.path;
  }

  get id(): string {
    const { ecosystem, name, version, architecture, module, path, layerDiffId } = this.subject;
    const { vulnerability_id: vulnerabilityId } = this.vulnerability;
    return hashOf([ecosystem, name, version, architecture, module, path, layerDiffId, vulnerabilityId]);
  }
}

/** The severity that the advisories say; where they say none, that of the score which others give. */
export function effectiveSeverity(found: Pick<ComponentFinding, 'severity' | 'scores'>): Severity {
  const score = found.severity === Severity.UNKNOWN ? scoreThatCounts(found) : undefined;
  return score ? severities[severityOfCvss(score)] : found.severity;
}

/** The score of the newest version of CVSS among those that others than the advisories give. */
export function scoreThatCounts({ scores }: Pick<ComponentFinding, 'scores'>): CvssScore | undefined {
  if (!scores || scores.length === 0) return undefined;
  const version = ({ vector }: CvssScore) => Number(/^CVSS:(\d\.\d)\//.exec(vector)?.[1] ?? 2);
  return scores.reduce((best, each) => (version(each) > version(best) ? each : best));
}

function packageOf(found: StaticFinding, packages: readonly Package[]): Package | undefined {
  return found.kind === 'licence' && found.package !== undefined ? packages[found.package] : undefined;
}

/** What is found in an image whatever the advisories say. */
class FoundHere implements ImageFinding {
  readonly isExploited = false;
  readonly epssScore = 0;
  readonly cvssScore = 0;

  constructor(
    readonly found: StaticFinding,
    readonly subject: Package | undefined,
    readonly suppression: Suppression | undefined = undefined,
  ) {}

  suppressedBy(suppression: Suppression): ImageFinding {
    return new FoundHere(this.found, this.subject, suppression);
  }

  get kind(): FindingKind {
    return kinds[this.found.kind];
  }

  get severity(): Severity {
    return severities[this.found.severity];
  }

  get name(): string {
    return this.subject?.name ?? nameOf(this.found);
  }

  get names(): readonly string[] {
    return [nameOf(this.found)];
  }

  get path(): string {
    return this.found.place.path;
  }

  get id(): string {
    // Words about a finding may change with the analysers; what was found where does not.
    const { found } = this;
    const { path, line, layerDiffId } = found.place;
    const what = found.kind === 'secret' ? found.redacted : found.kind === 'malware' ? found.digest : '';
    return hashOf([found.kind, nameOf(found), path, line ?? 0, layerDiffId, what, this.subject?.purl ?? '']);
  }
}

const kinds = {
  secret: FindingKind.SECRET,
  malware: FindingKind.MALWARE,
  configuration: FindingKind.CONFIGURATION,
  licence: FindingKind.LICENCE,
} as const satisfies Record<StaticFinding['kind'], FindingKind>;

function nameOf(found: StaticFinding): string {
  switch (found.kind) {
    case 'secret':
      return found.ruleId;
    case 'malware':
      return found.name;
    case 'configuration':
      return found.checkId;
    case 'licence':
      return found.licence;
    default: {
      const never: never = found;
      throw new Error(`unknown finding ${JSON.stringify(never)}`);
    }
  }
}

function hashOf(facts: readonly (string | number)[]): string {
  return createHash('sha256').update(JSON.stringify(facts)).digest('hex').slice(0, 32);
}

import type { Match } from '@gabion/advisories/match';
import type { Tx } from '@gabion/postgres/database';
import { sql } from 'kysely';
import type { Judged } from './judgement.ts';

/** What is stored of one finding of a component, as far as another judgement is compared with it. */
export interface KeptFinding {
  readonly component_id: number;
  readonly vulnerability_id: string;
  readonly names: readonly string[];
  readonly severity: number;
  readonly fixed_version: string;
  readonly is_malicious: boolean;
  readonly hash: Buffer;
  readonly source: string;
  readonly status: string;
}

/** A difference that users are told of. */
export interface FindingDifference {
  readonly componentId: number;
  readonly isAdded: boolean;
  readonly vulnerabilityId: string;
  readonly names: readonly string[];
  readonly severity: number;
  readonly fixedVersion: string;
  readonly source: string;
}

/** What is to be written so that a component has these findings and no others. */
export interface Amendment {
  readonly put: readonly { readonly componentId: number; readonly finding: Judged }[];
  readonly removed: readonly { readonly componentId: number; readonly vulnerabilityId: string }[];
  /** A finding whose severity, fix or status is another has been removed and added. */
  readonly differences: readonly FindingDifference[];
}

/** Compares what is kept of a component with what is now said of it. */
export function amendmentOf(componentId: number, kept: readonly KeptFinding[], found: readonly Judged[]): Amendment {
  const before = new Map(kept.map((each) => [each.vulnerability_id, each]));
  const after = new Map(found.map((each) => [each.vulnerabilityId, each]));
  const gone = kept.filter((each) => !after.has(each.vulnerability_id));
  const put = found.filter((each) => !before.get(each.vulnerabilityId)?.hash.equals(each.hash));
  const told = put.filter((each) => {
    const old = before.get(each.vulnerabilityId);
    return !old || isToldApart(old, each);
  });
  const old = told.flatMap((each) => before.get(each.vulnerabilityId) ?? []);
  return {
    put: put.map((finding) => ({ componentId, finding })),
    removed: gone.map(({ vulnerability_id: vulnerabilityId }) => ({ componentId, vulnerabilityId })),
    differences: [...gone, ...old].map(removal).concat(told.map((each) => addition(componentId, each))),
  };
}

function isToldApart(old: KeptFinding, { severity, fixedVersion, isMalicious, content }: Judged): boolean {
  return (
    old.severity !== severity ||
    old.fixed_version !== fixedVersion ||
    old.is_malicious !== isMalicious ||
    old.status !== content.status
  );
}

function removal(kept: KeptFinding): FindingDifference {
  return {
    componentId: kept.component_id,
    isAdded: false,
    vulnerabilityId: kept.vulnerability_id,
    names: kept.names,
    severity: kept.severity,
    fixedVersion: kept.fixed_version,
    source: kept.source,
  };
}

function addition(componentId: number, found: Judged): FindingDifference {
  const { vulnerabilityId, names, severity, fixedVersion } = found;
  return {
    componentId,
    isAdded: true,
    vulnerabilityId,
    names,
    severity,
    fixedVersion,
    source: found.content.advisory.source,
  };
}

/** The findings of components as they are kept. */
export async function keptFindings(tx: Tx, componentIds: readonly number[]): Promise<KeptFinding[]> {
  const { rows } = await sql<KeptFinding>`
    select component_id, vulnerability_id, names, severity, fixed_version, is_malicious, hash,
      content -> 'advisory' ->> 'source' as source, content ->> 'status' as status
    from component_findings where component_id = any(${componentIds}::int[])`.execute(tx);
  return rows;
}

const batch = 2000;

/** Writes findings; one that is there already keeps the time since which it is known. */
export async function putFindings(tx: Tx, put: Amendment['put']): Promise<void> {
  for (let at = 0; at < put.length; at += batch) await putSome(tx, put.slice(at, at + batch));
}

async function putSome(tx: Tx, put: Amendment['put']): Promise<void> {
  const of = <T>(column: (finding: Judged) => T) => put.map(({ finding }) => column(finding));
  // Lists of lists are no columns of `unnest`: names travel as JSON.
  await sql`
    insert into component_findings (component_id, vulnerability_id, names, severity, cvss_score, fixed_version,
      is_malicious, known_since, content, hash)
    select component_id, vulnerability_id, array(select jsonb_array_elements_text(names)), severity, cvss_score,
      fixed_version, is_malicious, least(coalesce(known_since, now()), now()), content, decode(hash, 'hex')
    from unnest(${put.map(({ componentId }) => componentId)}::int[], ${of((each) => each.vulnerabilityId)}::text[],
      ${of((each) => JSON.stringify(each.names))}::jsonb[], ${of((each) => each.severity)}::smallint[],
      ${of((each) => each.cvssScore)}::real[], ${of((each) => each.fixedVersion)}::text[],
      ${of((each) => each.isMalicious)}::boolean[], ${of(({ content }) => publishedOf(content))}::timestamptz[],
      ${of(({ content }) => JSON.stringify(content))}::jsonb[], ${of(({ hash }) => hash.toString('hex'))}::text[]
    ) as row (component_id, vulnerability_id, names, severity, cvss_score, fixed_version, is_malicious, known_since,
      content, hash)
    on conflict (component_id, vulnerability_id) do update set names = excluded.names, severity = excluded.severity,
      cvss_score = excluded.cvss_score, fixed_version = excluded.fixed_version, is_malicious = excluded.is_malicious,
      content = excluded.content, hash = excluded.hash`.execute(tx);
}

/** When the advisory came out, if it says so. */
function publishedOf(content: Match): Date | null {
  const published = Date.parse(content.published ?? '');
  return published > 0 ? new Date(published) : null;
}

/** Deletes findings that nobody says any more. */
export async function removeFindings(tx: Tx, removed: Amendment['removed']): Promise<void> {
  for (let at = 0; at < removed.length; at += batch) {
    const some = removed.slice(at, at + batch);
    await sql`
      delete from component_findings using unnest(${some.map(({ componentId }) => componentId)}::int[],
        ${some.map(({ vulnerabilityId }) => vulnerabilityId)}::text[]) as gone (component_id, vulnerability_id)
      where component_findings.component_id = gone.component_id
        and component_findings.vulnerability_id = gone.vulnerability_id`.execute(tx);
  }
}

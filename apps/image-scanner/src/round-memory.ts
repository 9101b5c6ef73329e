import type { CvssScore } from '@gabion/advisories/advisory';
import { Severity } from '@gabion/contracts/gabion/scan/v1/scans_pb';
import type { Tx } from '@gabion/postgres/database';
import { sql } from 'kysely';
import type { FindingChange } from './finding-changes.ts';
import { severityCounts } from './finding-counts.ts';
import { effectiveSeverity } from './image-findings.ts';
import type { SeverityCounts } from './scan.ts';

/** Components that are kept in memory at a time. */
const most = 200_000;

interface Remembered {
  readonly changes: FindingChange[];
  /** Of all vulnerabilities, suppressed ones too. */
  readonly severities: Severity[];
}

interface CountRow {
  readonly component_id: number;
  readonly severity: Severity;
  readonly scores: readonly CvssScore[] | null;
  readonly count: number;
}

/** What one round of judging has changed about components, and what is now known against them: read once for all images. */
export class RoundMemory {
  readonly #components = new Map<number, Remembered>();

  constructor(readonly round: string) {}

  async load(tx: Tx, componentIds: readonly number[]): Promise<void> {
    if (this.#components.size > most) this.#components.clear();
    const missing = [...new Set(componentIds)].filter((id) => !this.#components.has(id));
    for (const id of missing) this.#components.set(id, { changes: [], severities: [] });
    for (const each of await changesOf(tx, this.round, missing))
      this.#components.get(each.component_id)!.changes.push(each);
    for (const each of await countsOf(tx, missing)) {
      const { severities } = this.#components.get(each.component_id)!;
      for (let n = 0; n < each.count; n++) severities.push(effectiveSeverity(each));
    }
  }

  changesOf(componentIds: readonly number[]): FindingChange[] {
    return [...new Set(componentIds)].flatMap((id) => this.#components.get(id)!.changes);
  }

  severityCounts(componentIds: readonly number[]): SeverityCounts {
    return severityCounts(componentIds.flatMap((id) => this.#components.get(id)!.severities));
  }
}

async function changesOf(tx: Tx, round: string, componentIds: readonly number[]): Promise<FindingChange[]> {
  const { rows } = await sql<FindingChange>`
    select component_id, is_added, vulnerability_id, names, severity, fixed_version, source,
      facts.kev_date is not null as is_exploited, case when severity = ${Severity.UNKNOWN} then facts.cvss end as scores,
      0 as cvss_score, false as is_malicious, now() as known_since, null as epss_score
    from finding_changes left join vulnerability_facts facts on facts.id = vulnerability_id
    where round = ${round} and component_id = any(${[...componentIds]}::int[])
    order by finding_changes.id`.execute(tx);
  return rows;
}

async function countsOf(tx: Tx, componentIds: readonly number[]): Promise<CountRow[]> {
  const { rows } = await sql<CountRow>`
    select component_id, severity, scores, count(*)::int as count
    from (
      select component_id, severity, case when severity = ${Severity.UNKNOWN} then facts.cvss end as scores
      from component_findings left join vulnerability_facts facts on facts.id = vulnerability_id
      where component_id = any(${[...componentIds]}::int[])
    ) as found
    group by component_id, severity, scores`.execute(tx);
  return rows;
}

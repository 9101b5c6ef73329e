import type { AdvisoryFormat, AffectedEntry } from '@gabion/advisories/advisory';
import type { Database, Tx } from '@gabion/postgres/database';
import { sql } from 'kysely';
import { exported } from './feeds/bundle-export.ts';

/** What a source holds. */
export interface SourceSummary {
  readonly source: string;
  readonly format: AdvisoryFormat;
  readonly ecosystems: readonly string[];
  readonly advisory_count: string | number;
  readonly fact_count: string | number;
  readonly import_time: Date;
  readonly latest_change_time: Date | null;
}

/** Under what name an advisory speaks of a package. */
export interface Lookup {
  readonly ecosystem: string;
  readonly name: string;
}

/** The advisories that concern some packages, all as of one moment. */
export interface Consulted {
  /** Names that moment: two with the same state would answer the same. */
  readonly state: string;
  /** Ecosystems of which any source speaks. */
  readonly ecosystems: ReadonlySet<string>;
  readonly entries: readonly AffectedEntry[];
}

const lookupBatch = 1000;

/** The imported advisories: what a source holds changes in one transaction. */
export class Advisories {
  constructor(private readonly db: Database) {}

  /** Names what is visible now. */
  async state(): Promise<string> {
    const { rows } = await stateQuery.execute(this.db.kysely);
    return rows[0]!.state;
  }

  /** All that the sources say of these packages, from one snapshot: an import under way is not seen, or seen whole. */
  async consult(lookups: readonly Lookup[]): Promise<Consulted> {
    return this.db.transaction(
      async (tx) => {
        const { state, ecosystems } = (await stateQuery.execute(tx)).rows[0]!;
        const entries: AffectedEntry[] = [];
        for (let at = 0; at < lookups.length; at += lookupBatch)
          entries.push(...(await entriesOf(tx, lookups.slice(at, at + lookupBatch))));
        return { state, ecosystems: new Set(ecosystems), entries };
      },
      { isolation: 'repeatable read' },
    );
  }

  async sources(): Promise<readonly SourceSummary[]> {
    const { rows } = await sql<SourceSummary>`
      select ${summaryColumns} from advisory_sources order by source`.execute(this.db.kysely);
    return rows;
  }

  /** All that sources hold, or all sources, as a bundle for another installation. */
  export(sources: readonly string[], signal: AbortSignal): AsyncGenerator<Buffer> {
    return exported(this.db, sources, signal);
  }
}

const summaryColumns = sql.raw(
  'source, format, ecosystems, advisory_count, fact_count, import_time, latest_change_time',
);

/** What a source holds as a transaction sees it; undefined where it holds nothing. */
export async function summaryOf(tx: Pick<Tx, 'getExecutor'>, source: string): Promise<SourceSummary | undefined> {
  const { rows } = await sql<SourceSummary>`
    select ${summaryColumns} from advisory_sources where source = ${source}`.execute(tx);
  return rows[0];
}

/** Writes what a source holds; with `isChanged` the state of the advisories is another one from then on. */
export async function keepSummary(tx: Tx, summary: SourceSummary, isChanged: boolean): Promise<void> {
  await sql`
    insert into advisory_sources
      (source, format, ecosystems, advisory_count, fact_count, import_time, latest_change_time)
    values (${summary.source}, ${summary.format}, ${[...summary.ecosystems]}::text[], ${summary.advisory_count},
      ${summary.fact_count}, ${summary.import_time}, ${summary.latest_change_time})
    on conflict (source) do update set
      revision = case when ${isChanged} then nextval('advisory_revisions') else advisory_sources.revision end,
      format = excluded.format, ecosystems = excluded.ecosystems, advisory_count = excluded.advisory_count,
      fact_count = excluded.fact_count, import_time = excluded.import_time,
      latest_change_time = excluded.latest_change_time`.execute(tx);
}

/** Takes away all that a source holds; the caller ends its transaction with `showChangedAdvisories`. */
export async function removeSource(tx: Tx, source: string): Promise<void> {
  await sql`
    with gone as (delete from advisory_entries where source = ${source} returning ecosystem, package)
    insert into rejudge_keys (ecosystem, package) select distinct ecosystem, package from gone`.execute(tx);
  for (const [owner, columns] of factOwners)
    await sql`
      update vulnerability_facts set ${sql.raw(columns.map((column) => `${column} = null`).join(', '))}
      where ${sql.ref(owner)} = ${source}`.execute(tx);
  for (const table of ['lifecycles', 'feed_documents', 'advisory_sources'])
    await sql`delete from ${sql.table(table)} where source = ${source}`.execute(tx);
}

const factOwners = [
  ['epss_source', ['epss_score', 'epss_percentile', 'epss_date', 'epss_source']],
  ['kev_source', ['kev_date', 'kev_due_date', 'kev_ransomware', 'kev_source']],
  ['record_source', ['cvss', 'cwes', 'summary', 'record_source']],
] as const;

const stateQuery = sql<{ state: string; ecosystems: string[] }>`
  select coalesce(string_agg(source || '=' || revision, ',' order by source), '') as state,
    coalesce((select array_agg(distinct each) from advisory_sources, unnest(ecosystems) as each), '{}') as ecosystems
  from advisory_sources`;

async function entriesOf(tx: Tx, lookups: readonly Lookup[]): Promise<AffectedEntry[]> {
  const { rows } = await sql<{ entry: AffectedEntry }>`
    select advisory_entries.entry
    from unnest(${lookups.map((each) => each.ecosystem)}::text[], ${lookups.map((each) => each.name)}::text[])
      as wanted (ecosystem, package)
    join advisory_entries on advisory_entries.package = wanted.package
      and advisory_entries.ecosystem = wanted.ecosystem`.execute(tx);
  return rows.map(({ entry }) => entry);
}

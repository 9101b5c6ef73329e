import type { AdvisoryFormat, AffectedEntry } from '@gabion/advisories/advisory';
import type { Database, Tx } from '@gabion/postgres/database';
import { Fault } from '@gabion/rpc/fault';
import { sql } from 'kysely';

/** What a source holds. */
export interface SourceSummary {
  readonly source: string;
  readonly format: AdvisoryFormat;
  readonly ecosystems: readonly string[];
  readonly advisory_count: string | number;
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

/** An import gives a sign of life with each batch; one without for so long is dropped. */
const fillingLeaseMs = 120_000;
const lookupBatch = 1000;

/** The imported advisories: each source shows one generation of rows, and changes to the next in one step. */
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
      select source, format, ecosystems, advisory_count, import_time, latest_change_time
      from advisory_sources order by source`.execute(this.db.kysely);
    return rows;
  }

  /** Begins a generation that nobody sees until `show`. */
  async begin(source: string): Promise<string> {
    const { rows } = await sql<{ id: string }>`
      insert into generations (source, state, lease_until)
      values (${source}, 'filling', now() + ${fillingLeaseMs} * interval '1 millisecond')
      returning id`.execute(this.db.kysely);
    return rows[0]!.id;
  }

  /** Adds rows to a generation that is being filled; refuses one that was dropped meanwhile. */
  async add(generation: string, entries: readonly AffectedEntry[]): Promise<void> {
    if (entries.length === 0) return;
    const { numAffectedRows } = await sql`
      with filling as (
        update generations set lease_until = now() + ${fillingLeaseMs} * interval '1 millisecond'
        where id = ${generation} and state = 'filling' returning id
      )
      insert into advisory_entries (generation, ecosystem, package, entry)
      select filling.id, row.ecosystem, row.package, row.entry
      from filling, unnest(
        ${entries.map((entry) => entry.ecosystem)}::text[], ${entries.map((entry) => entry.name)}::text[],
        ${entries.map((entry) => JSON.stringify(entry))}::jsonb[]
      ) as row (ecosystem, package, entry)`.execute(this.db.kysely);
    if (numAffectedRows !== BigInt(entries.length)) throw superseded();
  }

  /** Makes a generation what its source holds, in the caller's transaction; the one before is dropped. */
  async show(tx: Tx, generation: string, summary: SourceSummary): Promise<void> {
    await sql`select pg_advisory_xact_lock(hashtextextended(${`advisories ${summary.source}`}, 0))`.execute(tx);
    await sql`
      update generations set state = 'dropped' where source = ${summary.source} and state = 'visible'`.execute(tx);
    const { numAffectedRows } = await sql`
      update generations set state = 'visible', lease_until = null
      where id = ${generation} and state = 'filling'`.execute(tx);
    if (numAffectedRows !== 1n) throw superseded();
    await sql`
      insert into advisory_sources
        (source, generation, format, ecosystems, advisory_count, import_time, latest_change_time)
      values (${summary.source}, ${generation}, ${summary.format}, ${[...summary.ecosystems]}::text[],
        ${summary.advisory_count}, ${summary.import_time}, ${summary.latest_change_time})
      on conflict (source) do update set
        generation = excluded.generation, format = excluded.format, ecosystems = excluded.ecosystems,
        advisory_count = excluded.advisory_count, import_time = excluded.import_time,
        latest_change_time = excluded.latest_change_time`.execute(tx);
  }

  /** Gives up a generation that is being filled. */
  async drop(generation: string): Promise<void> {
    await sql`
      update generations set state = 'dropped' where id = ${generation} and state = 'filling'`.execute(this.db.kysely);
  }

  /** Tells the planner what the tables hold; until then a lookup may read them whole. */
  async measure(): Promise<void> {
    await sql`analyze advisory_entries`.execute(this.db.kysely);
  }

  /** Deletes the rows of dropped generations, and of imports whose process has died. */
  async removeDropped(): Promise<void> {
    await sql`
      update generations set state = 'dropped' where state = 'filling' and lease_until < now()`.execute(this.db.kysely);
    const { rows } = await sql<{ id: string }>`
      select id from generations where state = 'dropped' order by id`.execute(this.db.kysely);
    for (const { id } of rows) {
      while ((await this.#deleteSome(id)) > 0n);
      await sql`delete from generations where id = ${id} and state = 'dropped'`.execute(this.db.kysely);
    }
  }

  /** In pieces, so that no statement takes long. */
  async #deleteSome(generation: string): Promise<bigint> {
    const { numAffectedRows } = await sql`
      delete from advisory_entries where ctid = any(array(
        select ctid from advisory_entries where generation = ${generation} limit 20000
      ))`.execute(this.db.kysely);
    return numAffectedRows ?? 0n;
  }
}

const stateQuery = sql<{ state: string; ecosystems: string[] }>`
  select coalesce(string_agg(source || '=' || generation, ',' order by source), '') as state,
    coalesce((select array_agg(distinct each) from advisory_sources, unnest(ecosystems) as each), '{}') as ecosystems
  from advisory_sources`;

async function entriesOf(tx: Tx, lookups: readonly Lookup[]): Promise<AffectedEntry[]> {
  const { rows } = await sql<{ entry: AffectedEntry }>`
    select advisory_entries.entry
    from unnest(${lookups.map((each) => each.ecosystem)}::text[], ${lookups.map((each) => each.name)}::text[])
      as wanted (ecosystem, package)
    join advisory_entries on advisory_entries.package = wanted.package
      and advisory_entries.ecosystem = wanted.ecosystem
    where advisory_entries.generation in (select generation from advisory_sources)`.execute(tx);
  return rows.map(({ entry }) => entry);
}

function superseded(): Fault {
  return new Fault('aborted', 'the import took too long between two pieces and was dropped', {
    code: 'import_dropped',
  });
}

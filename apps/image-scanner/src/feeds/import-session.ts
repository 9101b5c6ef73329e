import { setTimeout as pause } from 'node:timers/promises';
import type { Database, Tx } from '@gabion/postgres/database';
import { type Kysely, sql } from 'kysely';
import type { FactKinds, StagingTable } from './reading-task.ts';
import { hashBytes } from './seen-hashes.ts';

/** What part of a source an import replaces: all of it, or some documents of it. */
export type Scope = 'all' | { readonly documents: readonly number[] };

/** What an import changed. */
export interface Change {
  readonly added: number;
  readonly removed: number;
  readonly facts: number;
}

const turnIntervalMs = 200;
const heldBatch = 50_000;
/** Rows changed after which the planner is told anew what the table holds; until then a lookup may read it whole. */
const analyzeFrom = 5000;
const showTimeoutMs = 600_000;

/**
 * One import of a source, on a connection of its own: what is new waits in temporary tables that nobody else sees and
 * that end with the connection, so that a process which dies leaves nothing. Its lock orders imports of a source.
 */
export class ImportSession {
  private constructor(
    private readonly connection: Kysely<unknown>,
    private readonly source: string,
  ) {}

  /** Runs an import when those of the same source that began before have ended. */
  static run<T>(
    db: Database,
    source: string,
    signal: AbortSignal,
    work: (session: ImportSession) => Promise<T>,
  ): Promise<T> {
    return db.kysely.connection().execute(async (connection) => {
      await turnOf(connection, source, signal);
      try {
        await sql.raw(stagingTables).execute(connection);
        return await work(new ImportSession(connection, source));
      } finally {
        // Of a connection that is lost neither is left.
        await sql
          .raw(dropStaging)
          .execute(connection)
          .catch(() => {});
        await sql`select pg_advisory_unlock(hashtextextended(${lockName(source)}, 0))`
          .execute(connection)
          .catch(() => {});
      }
    });
  }

  /** How many entries of the scope the source holds. */
  async heldCount(scope: Scope): Promise<number> {
    const { rows } = await sql<{ n: string }>`
      select count(*) as n from advisory_entries where source = ${this.source} and ${within(scope)}`.execute(
      this.connection,
    );
    return Number(rows[0]!.n);
  }

  /** The hashes of these entries, in pieces. */
  async *held(scope: Scope): AsyncGenerator<Uint8Array> {
    for (let last = Buffer.alloc(0); ; ) {
      const { rows } = await sql<{ hashes: Buffer | null }>`
        select string_agg(hash, '' order by hash) as hashes from (
          select hash from advisory_entries
          where source = ${this.source} and hash > ${last} and ${within(scope)}
          order by hash limit ${heldBatch}
        ) as piece`.execute(this.connection);
      const hashes = rows[0]?.hashes;
      if (!hashes) return;
      last = Buffer.from(hashes.subarray(-hashBytes));
      yield hashes;
    }
  }

  /** Writes rows, JSON in UTF-8, to a staging table. */
  async stage(table: StagingTable, rows: Uint8Array): Promise<void> {
    const text = Buffer.from(rows.buffer, rows.byteOffset, rows.byteLength).toString();
    await sql`insert into ${sql.table(table)} ${sql.raw(columns[table])}
      from jsonb_array_elements(${text}::jsonb) as row`.execute(this.connection);
  }

  /** Shows what was staged and takes away what is gone, with whatever else belongs to it: one transaction. */
  show(work: (tx: Tx) => Promise<void>): Promise<void> {
    const committed: (() => void)[] = [];
    return this.connection
      .transaction()
      .execute(async (transaction) => {
        const tx = Object.assign(transaction, { afterCommit: (run: () => void) => void committed.push(run) });
        await sql`select set_config('statement_timeout', ${String(showTimeoutMs)}, true)`.execute(tx);
        await work(tx as Tx);
      })
      .then(() => {
        for (const run of committed) run();
      });
  }

  /** Applies the difference in entries, and names the packages that it concerns for images to be judged again. */
  async applyEntries(tx: Tx, gone: Uint8Array): Promise<Pick<Change, 'added' | 'removed'>> {
    const { rows } = await sql<{ added: string; removed: string }>`
      with gone as (
        delete from advisory_entries where source = ${this.source} and hash in (
          select substring(${Buffer.from(gone)}::bytea from ${hashBytes} * n + 1 for ${hashBytes})
          from generate_series(0, ${gone.length / hashBytes - 1}::int) as n
        ) returning ecosystem, package
      ), added as (
        insert into advisory_entries (source, hash, document, ecosystem, package, ids, entry)
        select ${this.source}, hash, document, ecosystem, package, ids, entry from staged_entries
        returning ecosystem, package
      ), keys as (
        insert into rejudge_keys (ecosystem, package)
        select ecosystem, package from gone union select ecosystem, package from added
      )
      select (select count(*) from gone) as removed, (select count(*) from added) as added`.execute(tx);
    const { added, removed } = { added: Number(rows[0]!.added), removed: Number(rows[0]!.removed) };
    if (added + removed >= analyzeFrom) await sql`analyze advisory_entries`.execute(tx);
    return { added, removed };
  }

  /** Writes facts that differ; `isWhole` takes away those that the source told before and does not tell now. */
  async applyFacts(tx: Tx, kinds: FactKinds, isWhole: boolean): Promise<number> {
    let changed = 0;
    const count = async (query: ReturnType<typeof sql>) => {
      changed += Number((await query.execute(tx)).numAffectedRows ?? 0n);
    };
    for (const kind of factKinds.filter(({ name }) => kinds[name])) {
      await count(merged(kind, this.source));
      if (isWhole) await count(cleared(kind, this.source));
    }
    if (kinds.lifecycles) {
      await count(sql`
        insert into lifecycles (ecosystem, end_of_life, extended_support, source)
        select distinct on (ecosystem) ecosystem, end_of_life, extended_support, ${this.source} from staged_lifecycles
        on conflict (ecosystem) do update set (end_of_life, extended_support, source)
          = (excluded.end_of_life, excluded.extended_support, excluded.source)
        where (lifecycles.end_of_life, lifecycles.extended_support, lifecycles.source)
          is distinct from (excluded.end_of_life, excluded.extended_support, excluded.source)`);
      if (isWhole)
        await count(sql`
          delete from lifecycles where source = ${this.source}
            and ecosystem not in (select ecosystem from staged_lifecycles)`);
    }
    if (changed >= analyzeFrom) await sql`analyze vulnerability_facts`.execute(tx);
    return changed;
  }
}

const stagingTables = `
  set temp_buffers = '16MB';
  create temp table staged_entries
    (hash bytea, document bigint, ecosystem text, package text, ids text[], entry jsonb);
  create temp table staged_facts (id text, epss_score real, epss_percentile real, epss_date date, kev_date date,
    kev_due_date date, kev_ransomware boolean, cvss jsonb, cwes text[], summary text);
  create temp table staged_lifecycles (ecosystem text, end_of_life date, extended_support date);`;

const dropStaging = 'drop table if exists staged_entries, staged_facts, staged_lifecycles';

const textsOf = (element: number) =>
  `case jsonb_typeof(row->${element}) when 'array' then array(select jsonb_array_elements_text(row->${element})) end`;

/** How the elements of a row stand in the columns of its table. */
const columns: Readonly<Record<StagingTable, string>> = {
  staged_entries: `select decode(row->>0, 'hex'), (row->>1)::bigint, row->>2, row->>3, ${textsOf(4)}, row->5`,
  staged_facts: `select row->>0, (row->>1)::real, (row->>2)::real, (row->>3)::date, (row->>4)::date, (row->>5)::date,
    (row->>6)::boolean, nullif(row->7, 'null'), ${textsOf(8)}, row->>9`,
  staged_lifecycles: 'select row->>0, (row->>1)::date, (row->>2)::date',
};

interface FactKind {
  readonly name: 'epss' | 'kev' | 'record';
  readonly columns: readonly string[];
  /** Not null where the kind is told. */
  readonly told: string;
  /** A difference in these alone is written; a later date of the same score is none. */
  readonly compared: readonly string[];
}

const factKinds: readonly FactKind[] = [
  {
    name: 'epss',
    columns: ['epss_score', 'epss_percentile', 'epss_date'],
    told: 'epss_score',
    compared: ['epss_score', 'epss_percentile'],
  },
  {
    name: 'kev',
    columns: ['kev_date', 'kev_due_date', 'kev_ransomware'],
    told: 'kev_ransomware',
    compared: ['kev_date', 'kev_due_date', 'kev_ransomware'],
  },
  { name: 'record', columns: ['cvss', 'cwes', 'summary'], told: 'summary', compared: ['cvss', 'cwes', 'summary'] },
];

function merged({ name, columns, told, compared }: FactKind, source: string) {
  const owner = `${name}_source`;
  const list = (names: readonly string[], table = '') => names.map((each) => table + each).join(', ');
  const all = [...columns, owner];
  return sql`
    insert into vulnerability_facts (id, ${sql.raw(list(all))})
    select distinct on (id) id, ${sql.raw(list(columns))}, ${source}
    from staged_facts where ${sql.ref(told)} is not null order by id
    on conflict (id) do update set (${sql.raw(list(all))}) = (${sql.raw(list(all, 'excluded.'))})
    where (${sql.raw(list([...compared, owner], 'vulnerability_facts.'))})
      is distinct from (${sql.raw(list([...compared, owner], 'excluded.'))})`;
}

function cleared({ name, columns, told }: FactKind, source: string) {
  const owner = `${name}_source`;
  return sql`
    update vulnerability_facts set ${sql.raw([...columns, owner].map((each) => `${each} = null`).join(', '))}
    where ${sql.ref(owner)} = ${source}
      and id not in (select id from staged_facts where ${sql.ref(told)} is not null)`;
}

function within(scope: Scope) {
  return scope === 'all' ? sql`true` : sql`document = any(${[...scope.documents]}::bigint[])`;
}

function lockName(source: string): string {
  return `advisories ${source}`;
}

/** Asked for again and again rather than waited for: a wait for a lock could take longer than a statement may. */
async function turnOf(connection: Kysely<unknown>, source: string, signal: AbortSignal): Promise<void> {
  for (;;) {
    const { rows } = await sql<{ mine: boolean }>`
      select pg_try_advisory_lock(hashtextextended(${lockName(source)}, 0)) as mine`.execute(connection);
    if (rows[0]!.mine) return;
    await pause(turnIntervalMs, undefined, { signal });
  }
}

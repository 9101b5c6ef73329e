import type { Database, Tx } from '@gabion/postgres/database';
import { sql } from 'kysely';
import type { Component } from './component.ts';
import {
  type Amendment,
  amendmentOf,
  type FindingDifference,
  keptFindings,
  putFindings,
  removeFindings,
} from './component-findings.ts';
import { judge, lookupsOf } from './judgement.ts';
import { judgingChannels, judgingGate, tryRejudgingLock } from './judging-gate.ts';
import { entriesOf } from './known-advisories.ts';

/** Components that are judged with one look at the advisories. */
const batch = 500;

interface ComponentRow extends Component {
  readonly id: number;
}

/** Judges components again whose advisories have changed. */
export class Rejudging {
  constructor(private readonly db: Database) {}

  /**
   * Judges all that is due by one state of the advisories, and writes the differences in one transaction: readers see
   * the findings before or after, never some of both. Answers whether there was anything to do.
   */
  async round(): Promise<boolean> {
    return this.db.transaction(
      async (tx) => {
        if (!(await isOnlyOne(tx))) return false;
        await sql`set local statement_timeout = 0`.execute(tx);
        const { components, keyCount } = await takeDue(tx);
        if (keyCount === 0) return false;
        const round = new Round(tx);
        for (let at = 0; at < components.length; at += batch)
          await round.judge(await rowsOf(tx, components.slice(at, at + batch)));
        if (round.hasDifferences) await judgingGate.passAlone(tx);
        await sql`select pg_notify(${judgingChannels.done}, '')`.execute(tx);
        return true;
      },
      // One that begins in the moment in which another ends may see the state before it: it begins anew.
      { isolation: 'repeatable read', retries: 3 },
    );
  }
}

/** One replica judges at a time; the others go on with what else they have to do. */
async function isOnlyOne(tx: Tx): Promise<boolean> {
  const { rows } = await sql<{ is_only: boolean }>`
    select ${tryRejudgingLock} as is_only`.execute(tx);
  return rows[0]!.is_only;
}

/** Takes what waits to be judged; components of one package stand together. */
async function takeDue(tx: Tx): Promise<{ components: number[]; keyCount: number }> {
  const { rows } = await sql<{ components: number[]; key_count: string }>`
    with taken as (
      delete from rejudge_keys returning ecosystem, package
    ), due as (
      select component_id, min(package) as package
      from (select distinct ecosystem, package from taken) as keys
      join component_lookups using (ecosystem, package)
      group by component_id
    )
    select (select coalesce(array_agg(component_id order by package, component_id), '{}') from due) as components,
      (select count(*) from taken) as key_count`.execute(tx);
  return { components: rows[0]!.components, keyCount: Number(rows[0]!.key_count) };
}

async function rowsOf(tx: Tx, ids: readonly number[]): Promise<ComponentRow[]> {
  const { rows } = await sql<ComponentRow>`
    select id, type, ecosystem, name, version, source_name as "sourceName", source_version as "sourceVersion",
      architecture, module
    from components where id = any(${ids}::int[])`.execute(tx);
  return rows;
}

/** One judging, which gets its number with the first difference. */
class Round {
  #id: string | undefined;

  constructor(private readonly tx: Tx) {}

  get hasDifferences(): boolean {
    return this.#id !== undefined;
  }

  async judge(components: readonly ComponentRow[]): Promise<void> {
    const { tx } = this;
    const entries = await entriesOf(tx, lookupsOf(components));
    const ids = components.map(({ id }) => id);
    const kept = Map.groupBy(await keptFindings(tx, ids), (each) => each.component_id);
    const amendments = judge(components, entries).map((found, index) =>
      amendmentOf(ids[index]!, kept.get(ids[index]!) ?? [], found),
    );
    await this.#write(amendments);
  }

  async #write(amendments: readonly Amendment[]): Promise<void> {
    const { tx } = this;
    await removeFindings(
      tx,
      amendments.flatMap((each) => each.removed),
    );
    await putFindings(
      tx,
      amendments.flatMap((each) => each.put),
    );
    const differences = amendments.flatMap((each) => each.differences);
    if (differences.length === 0) return;
    this.#id ??= await begun(tx);
    for (let at = 0; at < differences.length; at += 5000)
      await keepDifferences(tx, this.#id, differences.slice(at, at + 5000));
  }
}

async function begun(tx: Tx): Promise<string> {
  const { rows } = await sql<{ id: string }>`insert into judging_rounds default values returning id`.execute(tx);
  return rows[0]!.id;
}

async function keepDifferences(tx: Tx, round: string, differences: readonly FindingDifference[]): Promise<void> {
  const of = <T>(column: (each: FindingDifference) => T) => differences.map(column);
  await sql`
    insert into finding_changes
      (round, component_id, is_added, vulnerability_id, names, severity, fixed_version, source)
    select ${round}, component_id, is_added, vulnerability_id, array(select jsonb_array_elements_text(names)), severity,
      fixed_version, source
    from unnest(${of((each) => each.componentId)}::int[], ${of((each) => each.isAdded)}::boolean[],
      ${of((each) => each.vulnerabilityId)}::text[], ${of((each) => JSON.stringify(each.names))}::jsonb[],
      ${of((each) => each.severity)}::smallint[], ${of((each) => each.fixedVersion)}::text[],
      ${of((each) => each.source)}::text[])
      as row (component_id, is_added, vulnerability_id, names, severity, fixed_version, source)`.execute(tx);
}

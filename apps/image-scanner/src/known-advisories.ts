import type { AffectedEntry } from '@gabion/advisories/advisory';
import type { Lookup } from '@gabion/advisories/lookups';
import type { Tx } from '@gabion/postgres/database';
import { sql } from 'kysely';

const batch = 1000;

/** What the sources say of packages, as the transaction sees it. */
export async function entriesOf(tx: Tx, lookups: readonly Lookup[]): Promise<AffectedEntry[]> {
  const entries: AffectedEntry[] = [];
  for (let at = 0; at < lookups.length; at += batch) {
    const some = lookups.slice(at, at + batch);
    const { rows } = await sql<{ entry: AffectedEntry }>`
      select advisory_entries.entry
      from unnest(${some.map((each) => each.ecosystem)}::text[], ${some.map((each) => each.name)}::text[])
        as wanted (ecosystem, package)
      join advisory_entries on advisory_entries.package = wanted.package
        and advisory_entries.ecosystem = wanted.ecosystem`.execute(tx);
    for (const { entry } of rows) entries.push(entry);
  }
  return entries;
}

/** Ecosystems of which any source speaks. */
export async function ecosystemsOf(tx: Tx): Promise<ReadonlySet<string>> {
  const { rows } = await sql<{ ecosystem: string }>`
    select distinct unnest(ecosystems) as ecosystem from advisory_sources`.execute(tx);
  return new Set(rows.map(({ ecosystem }) => ecosystem));
}

/** Whether advisories have changed that concern any of these components, which are not judged by them yet. */
export async function isRejudgingDue(tx: Tx, componentIds: readonly number[]): Promise<boolean> {
  const { rows } = await sql<{ due: boolean }>`
    select exists (
      select from rejudge_keys
      join component_lookups using (ecosystem, package)
      where component_lookups.component_id = any(${componentIds}::int[])
    ) as due`.execute(tx);
  return rows[0]!.due;
}

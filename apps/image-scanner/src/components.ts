import type { Tx } from '@gabion/postgres/database';
import { sql } from 'kysely';
import { type Component, componentDigest } from './component.ts';
import { lookupsOf } from './judgement.ts';

/** The ids of components, in their order, and which of them were not known before. */
export interface Resolved {
  readonly ids: readonly number[];
  readonly added: readonly { readonly id: number; readonly component: Component }[];
}

/** Finds components or stores them. What is added has no findings yet: the caller judges it in the same transaction. */
export async function resolveComponents(tx: Tx, components: readonly Component[]): Promise<Resolved> {
  const digests = components.map(componentDigest);
  const keys = digests.map((digest) => digest.toString('hex'));
  const distinct = new Map(components.map((component, index) => [keys[index]!, component]));
  const ids = await idsOf(tx, [...distinct.keys()]);
  const missing = [...distinct].filter(([key]) => !ids.has(key));
  if (missing.length === 0) return { ids: keys.map((key) => ids.get(key)!), added: [] };
  const added = await add(tx, missing);
  for (const [key, { id }] of added) ids.set(key, id);
  // What another scan has stored in the meantime, with its findings.
  const others = missing.map(([key]) => key).filter((key) => !ids.has(key));
  for (const [key, id] of await idsOf(tx, others)) ids.set(key, id);
  return { ids: keys.map((key) => ids.get(key)!), added: [...added.values()] };
}

async function idsOf(tx: Tx, keys: readonly string[]): Promise<Map<string, number>> {
  if (keys.length === 0) return new Map();
  const { rows } = await sql<{ key: string; id: number }>`
    select encode(digest, 'hex') as key, id from components
    where digest = any(array(select decode(key, 'hex') from unnest(${keys}::text[]) as key))`.execute(tx);
  return new Map(rows.map(({ key, id }) => [key, id]));
}

async function add(tx: Tx, missing: readonly (readonly [string, Component])[]) {
  // In one order everywhere: scans that add the same components wait for each other and never in a circle.
  const sorted = missing.toSorted(([a], [b]) => (a < b ? -1 : 1));
  const of = (column: keyof Component) => sorted.map(([, component]) => component[column]);
  const { rows } = await sql<{ key: string; id: number }>`
    insert into components
      (digest, type, ecosystem, name, version, source_name, source_version, architecture, module)
    select decode(key, 'hex'), type, ecosystem, name, version, source_name, source_version, architecture, module
    from unnest(${sorted.map(([key]) => key)}::text[], ${of('type')}::text[], ${of('ecosystem')}::text[],
      ${of('name')}::text[], ${of('version')}::text[], ${of('sourceName')}::text[], ${of('sourceVersion')}::text[],
      ${of('architecture')}::text[], ${of('module')}::text[]) with ordinality
      as row (key, type, ecosystem, name, version, source_name, source_version, architecture, module, nth)
    order by nth
    on conflict (digest) do nothing
    returning encode(digest, 'hex') as key, id`.execute(tx);
  const byKey = new Map(sorted);
  const added = new Map(rows.map(({ key, id }) => [key, { id, component: byKey.get(key)! }]));
  await addLookups(tx, [...added.values()]);
  return added;
}

async function addLookups(tx: Tx, added: readonly { readonly id: number; readonly component: Component }[]) {
  const rows = added.flatMap(({ id, component }) => lookupsOf([component]).map((lookup) => ({ id, ...lookup })));
  if (rows.length === 0) return;
  await sql`
    insert into component_lookups (component_id, ecosystem, package)
    select * from unnest(${rows.map(({ id }) => id)}::int[], ${rows.map((row) => row.ecosystem)}::text[],
      ${rows.map(({ name }) => name)}::text[])
    on conflict do nothing`.execute(tx);
}

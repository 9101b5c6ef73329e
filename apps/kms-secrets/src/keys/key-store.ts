import type { JsonValue } from '@bufbuild/protobuf';
import { fromJson, toJson } from '@bufbuild/protobuf';
import { KeyPolicySchema, KeySettingsSchema, type KeyState } from '@gabion/contracts/gabion/kms/v1/keys_pb';
import { type Kysely, sql } from 'kysely';
import type { Schema, Tx } from '../db/schema.ts';
import { keyFaults } from './key-faults.ts';
import type { KeyRecord } from './key-ring.ts';
import type { KeyRow, KeyVersionRow } from './tables.ts';

/** Tells all replicas that the key of the payload changed. */
export const keyChannel = 'kms_keys';

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** A key by id, name or alias, in this order; names of the form of an id are not given out. */
export async function findKey(db: Kysely<Schema>, key: string): Promise<KeyRecord | undefined> {
  const query = db.selectFrom('keys').selectAll();
  if (uuid.test(key)) return recordOf(db, await query.where('id', '=', key).executeTakeFirst());
  const byName = await query.where('name', '=', key).executeTakeFirst();
  if (byName) return recordOf(db, byName);
  const alias = await db.selectFrom('key_aliases').selectAll().where('alias', '=', key).executeTakeFirst();
  return alias && recordOf(db, await query.where('id', '=', alias.key_id).executeTakeFirst());
}

/** The key, which nobody else changes until the transaction ends. Throws `key_unknown`. */
export async function lockKey(tx: Tx, key: string): Promise<KeyRecord> {
  const found = await findKey(tx, key);
  if (!found) throw keyFaults.unknown();
  await tx.selectFrom('keys').select('id').where('id', '=', found.id).forUpdate().execute();
  // What was read before the lock may be older than it.
  return (await findKey(tx, found.id)) as KeyRecord;
}

/** Has whoever gives out a name or an alias wait for each other: the two are in different tables, and one name. */
export async function lockNames(tx: Tx): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended('kms key names', 0))`.execute(tx);
}

/** Keys by name, after `after`. */
export async function listKeys(
  db: Kysely<Schema>,
  { tenant, states, after, limit }: { tenant: string; states: readonly KeyState[]; after: string; limit: number },
): Promise<KeyRecord[]> {
  const rows = await db
    .selectFrom('keys')
    .selectAll()
    .where('name', '>', after)
    .where('state', 'in', [...states])
    .$if(tenant !== '', (query) => query.where('tenant', '=', tenant))
    .orderBy('name')
    .limit(limit)
    .execute();
  return recordsOf(db, rows);
}

export async function insertKey(tx: Tx, key: Omit<KeyRecord, 'aliases' | 'versions'>): Promise<void> {
  await tx
    .insertInto('keys')
    .values({
      id: key.id,
      name: key.name,
      tenant: key.tenant,
      type: key.type,
      is_exportable: key.isExportable,
      create_time: key.createTime,
      ...changeable(key),
    })
    .execute();
  await tellReplicas(tx, key.id);
}

/** Stores what of a key can change. */
export async function updateKey(tx: Tx, key: KeyRecord): Promise<void> {
  await tx.updateTable('keys').set(changeable(key)).where('id', '=', key.id).execute();
  await tellReplicas(tx, key.id);
}

export async function insertVersion(
  tx: Tx,
  version: Pick<KeyVersionRow, 'key_id' | 'version' | 'wrapped' | 'is_imported' | 'create_time'>,
): Promise<void> {
  await tx.insertInto('key_versions').values(version).execute();
}

/** The wrapped material of a version; undefined when there is none, or none any more. */
export async function wrappedVersion(db: Kysely<Schema>, id: string, version: number): Promise<Buffer | undefined> {
  const row = await db
    .selectFrom('key_versions')
    .select('wrapped')
    .where('key_id', '=', id)
    .where('version', '=', version)
    .executeTakeFirst();
  return row?.wrapped ?? undefined;
}

export async function tellReplicas(tx: Tx, id: string): Promise<void> {
  await sql`select pg_notify(${keyChannel}, ${id})`.execute(tx);
}

function changeable(key: Omit<KeyRecord, 'aliases' | 'versions'>) {
  return {
    state: key.state,
    primary_version: key.primaryVersion,
    settings: JSON.stringify(toJson(KeySettingsSchema, key.settings)),
    policy: JSON.stringify(toJson(KeyPolicySchema, key.policy)),
    destroy_time: key.destroyTime ?? null,
    next_rotation_time: key.nextRotationTime ?? null,
  };
}

async function recordOf(db: Kysely<Schema>, row: KeyRow | undefined): Promise<KeyRecord | undefined> {
  return row && (await recordsOf(db, [row]))[0];
}

async function recordsOf(db: Kysely<Schema>, rows: readonly KeyRow[]): Promise<KeyRecord[]> {
  if (rows.length === 0) return [];
  const ids = rows.map(({ id }) => id);
  const [versions, aliases] = [
    await db.selectFrom('key_versions').selectAll().where('key_id', 'in', ids).orderBy('version').execute(),
    await db.selectFrom('key_aliases').selectAll().where('key_id', 'in', ids).orderBy('alias').execute(),
  ];
  return rows.map((row) => ({
    id: row.id,
    name: row.name,
    aliases: aliases.filter(({ key_id }) => key_id === row.id).map(({ alias }) => alias),
    tenant: row.tenant,
    type: row.type,
    state: row.state,
    primaryVersion: row.primary_version,
    versions: versions.filter(({ key_id }) => key_id === row.id).map(versionOf),
    settings: fromJson(KeySettingsSchema, row.settings as JsonValue),
    policy: fromJson(KeyPolicySchema, row.policy as JsonValue),
    isExportable: row.is_exportable,
    createTime: row.create_time,
    destroyTime: row.destroy_time ?? undefined,
    nextRotationTime: row.next_rotation_time ?? undefined,
  }));
}

function versionOf(row: KeyVersionRow): KeyRecord['versions'][number] {
  const { version, create_time: createTime, is_imported: isImported } = row;
  return { version, createTime, isImported, encryptions: BigInt(row.encryptions) };
}

import type { Kysely } from 'kysely';
import type { Schema, Tx } from '../db/schema.ts';
import { keyFaults, type User } from './key-faults.ts';
import type { KeyUserRow } from './tables.ts';

/** Has somebody depend on versions of a key, in the transaction that makes them do so; in place of what was registered. */
export async function registerUser(
  tx: Tx,
  keyId: string,
  user: User & { readonly versions: readonly number[] },
): Promise<void> {
  // Whoever disables the key waits for this, or this for them.
  await tx.selectFrom('keys').select('id').where('id', '=', keyId).forShare().execute();
  const values = { kind: user.kind, name: user.name, versions: [...user.versions] };
  await tx
    .insertInto('key_users')
    .values({ key_id: keyId, ...values, last_use_time: null })
    .onConflict((conflict) => conflict.columns(['key_id', 'kind', 'name']).doUpdateSet({ versions: values.versions }))
    .execute();
}

export async function releaseUser(tx: Tx, keyId: string, { kind, name }: User): Promise<void> {
  await tx
    .deleteFrom('key_users')
    .where('key_id', '=', keyId)
    .where('kind', '=', kind)
    .where('name', '=', name)
    .execute();
}

export async function usersOf(db: Kysely<Schema>, keyId: string): Promise<KeyUserRow[]> {
  return db.selectFrom('key_users').selectAll().where('key_id', '=', keyId).orderBy('kind').orderBy('name').execute();
}

/** Who used the key since, latest first; at most 100. They depend on nothing that is known. */
export async function recentCallersOf(db: Kysely<Schema>, keyId: string, since: Date) {
  return db
    .selectFrom('key_callers')
    .selectAll()
    .where('key_id', '=', keyId)
    .where('last_use_time', '>=', since)
    .orderBy('last_use_time', 'desc')
    .limit(100)
    .execute();
}

/** Throws `key_in_use` with the users; `below` looks only at those of versions below it. */
export async function assertUnused(tx: Tx, keyId: string, below = Number.POSITIVE_INFINITY): Promise<void> {
  const users = await usersOf(tx, keyId);
  const shutOut = users.filter(({ versions }) => versions.length === 0 || versions.some((each) => each < below));
  if (shutOut.length > 0) throw keyFaults.inUse(shutOut);
}

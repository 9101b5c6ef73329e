import type { Kysely } from 'kysely';
import { sql } from 'kysely';
import type { Schema, Tx } from '../db/schema.ts';
import { sealFaults } from './seal-faults.ts';
import type { ResealRow, SealRow } from './tables.ts';

/** Tells all replicas that the seal changed. */
export const sealChannel = 'kms_seal';

export async function findSeal(db: Kysely<Schema>): Promise<SealRow | undefined> {
  return db.selectFrom('seal').selectAll().executeTakeFirst();
}

/** The seal, kept as it is until the transaction ends: `for update` by those who change it, `for share` by those who wrap with its root key. */
export async function lockSeal(tx: Tx, strength: 'update' | 'share'): Promise<SealRow> {
  const query = tx.selectFrom('seal').selectAll();
  const row = await (strength === 'update' ? query.forUpdate() : query.forShare()).executeTakeFirst();
  if (!row) throw sealFaults.notInitialised();
  return row;
}

/** Makes the seal; false when there is one. */
export async function insertSeal(tx: Tx, row: Omit<SealRow, 'closings'>): Promise<boolean> {
  const { numInsertedOrUpdatedRows: inserted } = await tx
    .insertInto('seal')
    .values({ ...row, closings: '0' })
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst();
  return inserted === 1n;
}

export async function updateSeal(tx: Tx, changes: Partial<SealRow>): Promise<void> {
  await tx.updateTable('seal').set(changes).execute();
  await tellReplicas(tx);
}

export async function tellReplicas(tx: Tx): Promise<void> {
  await sql`select pg_notify(${sealChannel}, '')`.execute(tx);
}

export async function findReseal(db: Kysely<Schema>): Promise<ResealRow | undefined> {
  return db.selectFrom('reseals').selectAll().executeTakeFirst();
}

export async function insertReseal(tx: Tx, row: ResealRow): Promise<void> {
  await tx
    .insertInto('reseals')
    .values({ ...row, recipients: [...row.recipients] })
    .execute();
}

export async function authoriseReseal(
  tx: Tx,
  wraps: Pick<ResealRow, 'wrapped_root' | 'wrapped_seal_key' | 'held_key'>,
): Promise<void> {
  await tx.updateTable('reseals').set(wraps).execute();
}

export async function deleteReseal(tx: Tx): Promise<void> {
  await tx.deleteFrom('reseals').execute();
}

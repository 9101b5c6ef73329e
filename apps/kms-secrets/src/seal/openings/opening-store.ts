import type { Signed } from '@gabion/trust/statement';
import type { Kysely } from 'kysely';
import { sql } from 'kysely';
import type { Schema, Tx } from '../../db/schema.ts';
import type { OpeningRequest } from './opening-request.ts';
import type { OpeningRow } from './tables.ts';

/** Wakes replicas: somebody asked, or was answered. */
export const openingChannel = 'kms_seal_openings';

/** Requests that may wait. Whoever writes more to the database only makes replicas ask again. */
export const mostRequests = 64;

/** How long a request is good for. */
const goodFor = sql`interval '30 seconds'`;

/** The database's clock, by which all replicas go. */
export async function databaseTime(db: Kysely<Schema>): Promise<Date> {
  const { rows } = await sql<{ time: Date }>`select clock_timestamp() as time`.execute(db);
  if (!rows[0]) throw new Error('the database told no time');
  return rows[0].time;
}

export async function insertOpening(
  tx: Tx,
  request: OpeningRequest,
  { certificate, signature }: Signed,
): Promise<void> {
  const { id, installation, generation, closings, publicKey, askTime } = request;
  const asked = { id, installation, generation, closings, public_key: publicKey, ask_time: askTime };
  await tx
    .insertInto('seal_openings')
    .values({ ...asked, certificate, signature, sealed: null, answer_certificate: null, answer_signature: null })
    .execute();
  await tellOpening(tx);
}

export function requestOf(row: OpeningRow): OpeningRequest {
  const { id, installation, generation, closings, public_key: publicKey, ask_time: askTime } = row;
  return { id, installation, generation, closings, publicKey, askTime };
}

export async function findOpening(db: Kysely<Schema>, id: string): Promise<OpeningRow | undefined> {
  return db.selectFrom('seal_openings').selectAll().where('id', '=', id).executeTakeFirst();
}

/** Fresh requests that nobody answered, the newest first. */
export async function pendingOpenings(db: Kysely<Schema>): Promise<readonly OpeningRow[]> {
  return db
    .selectFrom('seal_openings')
    .selectAll()
    .where('sealed', 'is', null)
    .where('ask_time', '>', sql<Date>`clock_timestamp() - ${goodFor}`)
    .orderBy('ask_time', 'desc')
    .limit(mostRequests)
    .execute();
}

/** Keeps a pending request for who asks first; false when another replica has it or has answered. */
export async function lockPending(tx: Tx, id: string): Promise<boolean> {
  const row = await tx
    .selectFrom('seal_openings')
    .select('id')
    .where('id', '=', id)
    .where('sealed', 'is', null)
    .forUpdate()
    .skipLocked()
    .executeTakeFirst();
  return row !== undefined;
}

export async function answerOpening(tx: Tx, id: string, sealed: Buffer, by: Signed): Promise<void> {
  const answer = { sealed, answer_certificate: by.certificate, answer_signature: by.signature };
  await tx.updateTable('seal_openings').set(answer).where('id', '=', id).execute();
  await tellOpening(tx);
}

/** Rows that another replica works on are left to it, here and below. */
export async function deleteOpenings(db: Kysely<Schema>, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  const free = db.selectFrom('seal_openings').select('id').where('id', 'in', ids).forUpdate().skipLocked();
  await db.deleteFrom('seal_openings').where('id', 'in', free).execute();
}

/** Deletes what is stale, of a time to come, or more than may wait. */
export async function tidyOpenings(db: Kysely<Schema>): Promise<void> {
  await sql`
    delete from seal_openings where id in (
      select id from seal_openings
      where ask_time not between clock_timestamp() - ${goodFor} and clock_timestamp()
        or id in (select id from seal_openings order by ask_time desc offset ${mostRequests})
      for update skip locked
    )`.execute(db);
}

async function tellOpening(tx: Tx): Promise<void> {
  await sql`select pg_notify(${openingChannel}, '')`.execute(tx);
}

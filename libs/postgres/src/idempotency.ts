import { sql } from 'kysely';
import type { Tx } from './database.ts';
import type { Migration } from './migrate.ts';
import { PostgresError } from './postgres-error.ts';

/** To be migrated under the owner `idempotency`. */
export const idempotencyMigrations: readonly Migration[] = [
  {
    id: '0001-answers',
    sql: `create table gabion_idempotency (
      scope text not null,
      key text not null,
      request_hash text not null,
      answer bytea,
      created_at timestamptz not null default now(),
      primary key (scope, key)
    );
    create index gabion_idempotency_created_at on gabion_idempotency (created_at);`,
  },
];

/** `scope` separates callers and methods, `key` is the caller's, `requestHash` stands for the request's content. */
export interface Use {
  readonly scope: string;
  readonly key: string;
  readonly requestHash: string;
}

interface Stored {
  readonly request_hash: string;
  readonly answer: Buffer | null;
}

/**
 * Runs `work` once per (scope, key) and keeps its answer in the caller's transaction; a repeat answers the stored
 * bytes, and one that runs at the same time waits for the first. The same key with another request is refused
 * (`idempotency_key_reused`). When the transaction rolls back, the key is free again.
 */
export async function once(tx: Tx, use: Use, work: () => Promise<Uint8Array>): Promise<Uint8Array> {
  // Waits here while another transaction holds the key, until that one has committed or rolled back.
  const { numAffectedRows } = await sql`
    insert into gabion_idempotency (scope, key, request_hash) values (${use.scope}, ${use.key}, ${use.requestHash})
    on conflict do nothing`.execute(tx);
  if (numAffectedRows === 0n) return stored(tx, use);
  const answer = await work().catch(async (error: unknown) => {
    // The caller may catch this and commit: a key without an answer must not stay. In a failed transaction it cannot.
    await sql`delete from gabion_idempotency where scope = ${use.scope} and key = ${use.key}`
      .execute(tx)
      .catch(() => {});
    throw error;
  });
  await sql`update gabion_idempotency set answer = ${Buffer.from(answer)}
    where scope = ${use.scope} and key = ${use.key}`.execute(tx);
  return answer;
}

/** Forgets answers given before `time`, in the caller's transaction; answers how many. */
export async function forgetAnswers(tx: Tx, time: Date): Promise<number> {
  const { numAffectedRows } = await sql`delete from gabion_idempotency where created_at < ${time}`.execute(tx);
  return Number(numAffectedRows ?? 0);
}

async function stored(tx: Tx, use: Use): Promise<Uint8Array> {
  const { rows } = await sql<Stored>`
    select request_hash, answer from gabion_idempotency where scope = ${use.scope} and key = ${use.key}`.execute(tx);
  const first = rows[0];
  if (first && first.request_hash !== use.requestHash) {
    throw new PostgresError('idempotency_key_reused', 'this idempotency key was used with another request');
  }
  // No row: forgotten between the two statements. No answer: `once` inside its own work.
  if (!first?.answer) throw new PostgresError('conflict', 'the first use of this idempotency key has no answer yet');
  return new Uint8Array(first.answer);
}

import type { Tx } from '@gabion/postgres/database';
import { sql } from 'kysely';

/**
 * Between scans that end and whoever changes what is known against components. A scan passes with others and then sees
 * advisories and findings stand still until it has committed; a change passes alone, as the last thing before its commit.
 * So no change falls between what a scan has judged and what it has stored.
 */
export const judgingGate = {
  async passWithOthers(tx: Tx): Promise<void> {
    await sql`select pg_advisory_xact_lock_shared(hashtextextended('gabion judging gate', 0))`.execute(tx);
  },
  async passAlone(tx: Tx): Promise<void> {
    await sql`select pg_advisory_xact_lock(hashtextextended('gabion judging gate', 0))`.execute(tx);
  },
} as const;

/** Whether the transaction may judge components again, or remove them: one does at a time. */
export const tryRejudgingLock = sql`pg_try_advisory_xact_lock(hashtextextended('gabion rejudging', 0))`;

/** PostgreSQL channels: packages are to be judged again; a round of judging has been committed. */
export const judgingChannels = { wanted: 'rejudging_wanted', done: 'rejudging_done' } as const;

/**
 * Closes a transaction that shows changed advisories and has written their packages to `rejudge_keys`: the last thing
 * before its commit. Components of these packages are then judged again.
 */
export async function showChangedAdvisories(tx: Tx): Promise<void> {
  await judgingGate.passAlone(tx);
  await sql`select pg_notify(${judgingChannels.wanted}, '')`.execute(tx);
}

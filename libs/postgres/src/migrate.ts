import { createHash } from 'node:crypto';
import { sql } from 'kysely';
import type { Database, Tx } from './database.ts';
import { PostgresError } from './postgres-error.ts';

/** One forward step of a schema; `id` like `0001-scans`, `sql` one or more statements. */
export interface Migration {
  readonly id: string;
  readonly sql: string;
}

interface Applied {
  readonly id: string;
  readonly checksum: string;
}

/**
 * Brings `owner`'s part of the schema up to date, all steps or none, one process at a time.
 * Refuses a database with steps that are not in the list (`schema_newer`), a step whose text changed after it was
 * applied (`migration_changed`) and a new step sorted before an applied one (`migration_out_of_order`).
 */
export async function migrate(db: Database, owner: string, migrations: readonly Migration[]): Promise<void> {
  assertAscending(owner, migrations);
  await db.transaction(async (tx) => {
    await takeLock(tx);
    await sql`create table if not exists gabion_migrations (
      owner text not null,
      id text not null,
      checksum text not null,
      applied_at timestamptz not null default now(),
      primary key (owner, id)
    )`.execute(tx);
    const { rows: applied } = await sql<Applied>`
      select id, checksum from gabion_migrations where owner = ${owner} order by id collate "C"`.execute(tx);
    for (const migration of pending(owner, migrations, applied)) await apply(tx, owner, migration);
  });
}

async function takeLock(tx: Tx): Promise<void> {
  // Both the turn of another process and a table held by a long query are waited for, but not for ever.
  await sql`set local lock_timeout = '60s'; set local statement_timeout = 0`.execute(tx);
  try {
    await sql`select pg_advisory_xact_lock(hashtextextended('gabion_migrations', 0))`.execute(tx);
  } catch (error) {
    if (!(error instanceof PostgresError) || error.code !== 'conflict') throw error;
    throw new PostgresError('migration_locked', 'another process has been migrating this database for 60 s', {
      cause: error,
    });
  }
}

function pending(owner: string, migrations: readonly Migration[], applied: readonly Applied[]): readonly Migration[] {
  const known = new Map(migrations.map((migration) => [migration.id, migration]));
  for (const { id, checksum } of applied) {
    const migration = known.get(id);
    if (!migration) {
      throw new PostgresError(
        'schema_newer',
        `the database has step ${id} of ${owner}, which this version does not know: it was written by a newer version`,
      );
    }
    if (checksumOf(migration) !== checksum) {
      throw new PostgresError('migration_changed', `step ${id} of ${owner} was changed after it had been applied`);
    }
  }
  const early = migrations.slice(0, applied.length).find(({ id }) => !applied.some((step) => step.id === id));
  if (early) {
    throw new PostgresError(
      'migration_out_of_order',
      `step ${early.id} of ${owner} comes before ${applied.at(-1)?.id}, which is applied already`,
    );
  }
  return migrations.slice(applied.length);
}

async function apply(tx: Tx, owner: string, migration: Migration): Promise<void> {
  await sql.raw(migration.sql).execute(tx);
  await sql`insert into gabion_migrations (owner, id, checksum)
    values (${owner}, ${migration.id}, ${checksumOf(migration)})`.execute(tx);
}

function checksumOf(migration: Migration): string {
  return createHash('sha256').update(migration.sql).digest('hex');
}

function assertAscending(owner: string, migrations: readonly Migration[]): void {
  for (const [index, { id }] of migrations.entries()) {
    if (index > 0 && id <= migrations[index - 1]!.id) {
      throw new PostgresError('migration_out_of_order', `the steps of ${owner} are not in ascending order at ${id}`);
    }
  }
}

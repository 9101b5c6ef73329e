import type { Database } from '@gabion/postgres/database';
import { type Migration, migrate } from '@gabion/postgres/migrate';
import { sql } from 'kysely';

/** The role that consumers of other services read `events.log` with. */
export const readerRole = 'gabion_bus';

/** Everything the library keeps lives in the schema `events` of the service's own database. */
const migrations: readonly Migration[] = [
  {
    id: '0001-log',
    sql: `
      create schema if not exists events;

      -- The outbox, and without Kafka the log itself. Columns are filled from left to right: the transaction has its
      -- id before the row has its number, which the cursor relies on (log-cursor.ts).
      create table events.log (
        xid xid8 not null default pg_current_xact_id(),
        seq bigint not null generated always as identity (cache 1) primary key,
        topic text collate "C" not null,
        partition integer not null,
        key text not null,
        id uuid not null,
        type text not null,
        source text not null,
        body bytea not null,
        headers jsonb not null default '{}',
        time timestamptz not null default clock_timestamp()
      );
      create index log_by_partition on events.log (topic, partition, seq);
      -- Bodies are protobuf: compressing them again costs time and gains little.
      alter table events.log alter column body set storage external;
      alter table events.log set (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_insert_scale_factor = 0.1);
    `,
  },
  {
    id: '0002-consumers',
    sql: `
      -- How far a group has come in one partition of one log ('kafka', or the service whose log it is).
      create table events.cursors (
        grp text not null,
        topic text not null,
        log text not null,
        partition integer not null,
        position bigint not null,
        open jsonb not null default '[]',
        version bigint not null default 0,
        handled_time timestamptz,
        primary key (grp, topic, log, partition)
      ) with (fillfactor = 50);

      -- What a group has handled, for a transport that may deliver twice.
      create table events.inbox (
        grp text not null,
        id uuid not null,
        topic text not null,
        partition integer not null,
        position bigint not null,
        time timestamptz not null default now(),
        primary key (grp, id)
      );
      create index inbox_by_position on events.inbox (grp, topic, partition, position);
      create index inbox_by_time on events.inbox using brin (time);

      -- Events that failed and wait for their next attempt, and the later ones of the same key behind them.
      create table events.parked (
        ordinal bigint generated always as identity primary key,
        grp text not null,
        topic text not null,
        key text not null,
        event jsonb not null,
        body bytea not null,
        attempts integer not null,
        next_at timestamptz not null,
        reason text not null default ''
      );
      create index parked_by_key on events.parked (grp, topic, key, ordinal);

      create table events.dead_letters (
        ordinal bigint generated always as identity primary key,
        grp text not null,
        topic text not null,
        key text not null,
        event jsonb not null,
        body bytea not null,
        attempts integer not null,
        reason text not null,
        time timestamptz not null default now()
      );
      create index dead_letters_by_group on events.dead_letters (grp, topic, ordinal);

      -- How far the relay has shipped the log to Kafka; one row.
      create table events.relay (
        singleton boolean primary key default true check (singleton),
        position bigint not null default 0,
        open jsonb not null default '[]'
      );
      insert into events.relay default values;
    `,
  },
];

/** Brings the schema `events` of `db` up to date, and lets `gabion_bus` read the log where that role exists. */
export async function migrateEvents(db: Database): Promise<void> {
  await migrate(db, 'events', migrations);
  const { rows } = await sql`select 1 from pg_roles where rolname = ${readerRole}`.execute(db.kysely);
  if (rows.length > 0) await grantReader(db, readerRole);
}

/** Lets `role` read `events.log` of `db` and nothing else; for provisioning, run by the owner of the database. */
export async function grantReader(db: Database, role: string): Promise<void> {
  const { rows } = await sql<{ name: string }>`select current_database() as name`.execute(db.kysely);
  await sql`grant connect on database ${sql.id(rows[0]!.name)} to ${sql.id(role)}`.execute(db.kysely);
  await sql`grant usage on schema events to ${sql.id(role)}`.execute(db.kysely);
  await sql`grant select on events.log to ${sql.id(role)}`.execute(db.kysely);
}

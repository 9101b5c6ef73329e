import type { Migration } from '@gabion/postgres/migrate';
import type { ColumnType, Selectable } from 'kysely';

interface SecretSyncsTable {
  readonly id: string;
  readonly path: string;
  readonly cluster: string;
  readonly namespace: string;
  readonly name: string;
  readonly type: string;
  /** Key of the target to name of a value. */
  readonly keys: ColumnType<Record<string, string>, string, string>;
  /** Number of `DriftAction`. */
  readonly on_drift: number;
  readonly check_seconds: number;
  readonly adopts: boolean;
  /** Number of `SecretSyncState`. */
  readonly state: number;
  readonly version: number;
  readonly write_time: Date | null;
  readonly check_time: Date | null;
  readonly drift_time: Date | null;
  readonly drifted_keys: string[];
  readonly error_code: string;
  readonly error_message: string;
  readonly attempts: number;
  /** When it is looked at again. */
  readonly next_time: Date;
  readonly create_time: Date;
  readonly leased_by: string | null;
  readonly lease_until: Date | null;
}

/** The tables of the area `syncs`. */
export interface SyncTables {
  readonly secret_syncs: SecretSyncsTable;
}

export type SecretSyncRow = Selectable<SecretSyncsTable>;

export const syncMigration: Migration = {
  id: '0009-secret-syncs',
  sql: `
    create table secret_syncs (
      id uuid primary key,
      path text collate "C" not null,
      cluster text collate "C" not null references cluster_encryptions,
      namespace text collate "C" not null,
      name text collate "C" not null,
      type text not null,
      keys jsonb not null,
      on_drift int not null,
      check_seconds int not null,
      adopts boolean not null,
      state int not null,
      version int not null default 0,
      write_time timestamptz,
      check_time timestamptz,
      drift_time timestamptz,
      drifted_keys text[] not null default '{}',
      error_code text not null default '',
      error_message text not null default '',
      attempts int not null default 0,
      next_time timestamptz not null,
      create_time timestamptz not null,
      leased_by uuid,
      lease_until timestamptz,
      unique (cluster, namespace, name)
    );
    create index secret_syncs_next on secret_syncs (next_time);
    create index secret_syncs_path on secret_syncs (path);`,
};

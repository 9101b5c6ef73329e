import type { JsonValue } from '@bufbuild/protobuf';
import type { Migration } from '@gabion/postgres/migrate';
import type { ColumnType, Selectable } from 'kysely';

interface ClusterEncryptionsTable {
  readonly cluster: string;
  readonly key_id: string;
  readonly resources: string[];
  readonly grace_seconds: number;
  readonly plugin_accounts: string[];
  readonly is_suspended: boolean;
  /** Closed by the barrier for this cluster. */
  readonly kubeconfig: Buffer | null;
  readonly create_time: Date;
}

/** Every key_id of KMS v2 that was ever told for a cluster. */
interface ClusterKeyNamesTable {
  readonly cluster: string;
  readonly number: number;
  readonly kms_key_id: string;
  readonly key_id: string;
  readonly version: number;
  readonly create_time: Date;
}

interface ClusterPluginsTable {
  readonly cluster: string;
  readonly node: string;
  readonly kms_key_id: string;
  readonly last_seen_time: Date;
  readonly run_id: string | null;
  /** Of the last report of the run; as text, as `pg` answers bigint. */
  readonly sequence: string;
}

interface StorageMigrationsTable {
  readonly id: string;
  readonly cluster: string;
  /** Number of `StorageMigrationState`. */
  readonly state: number;
  readonly kms_key_id: string;
  /** Not written before: until then an API server may write with an earlier key. */
  readonly begin_time: Date;
  /** Index into the cluster's resources, and where in their list the next page begins. */
  readonly resource: number;
  readonly position: string;
  readonly found: ColumnType<string, string | undefined, string>;
  readonly written: ColumnType<string, string | undefined, string>;
  readonly conflicts: ColumnType<string, string | undefined, string>;
  readonly failed: ColumnType<string, string | undefined, string>;
  readonly attempts: number;
  readonly error_code: string;
  readonly error_message: string;
  readonly create_time: Date;
  readonly end_time: Date | null;
  readonly leased_by: string | null;
  readonly lease_until: Date | null;
}

interface EncryptionEvidenceTable {
  readonly cluster: string;
  /** EncryptionShare in protobuf's JSON, each. */
  readonly shares: ColumnType<JsonValue[], string, string>;
  readonly resources: string[];
  readonly report_time: Date;
}

/** The tables of the area `clusters`. */
export interface ClusterTables {
  readonly cluster_encryptions: ClusterEncryptionsTable;
  readonly cluster_key_names: ClusterKeyNamesTable;
  readonly cluster_plugins: ClusterPluginsTable;
  readonly storage_migrations: StorageMigrationsTable;
  readonly encryption_evidence: EncryptionEvidenceTable;
}

export type ClusterRow = Selectable<ClusterEncryptionsTable>;
export type ClusterKeyNameRow = Selectable<ClusterKeyNamesTable>;
export type ClusterPluginRow = Selectable<ClusterPluginsTable>;
export type StorageMigrationRow = Selectable<StorageMigrationsTable>;
export type EncryptionEvidenceRow = Selectable<EncryptionEvidenceTable>;

export const clusterMigrations: readonly Migration[] = [
  // Was there before the tables were.
  { id: '0005-clusters', sql: 'select 1' },
  {
    id: '0006-cluster-keys',
    sql: `
    create table cluster_encryptions (
      cluster text collate "C" primary key,
      key_id uuid not null references keys,
      resources text[] not null,
      grace_seconds int not null,
      plugin_accounts text[] not null,
      is_suspended boolean not null,
      kubeconfig bytea,
      create_time timestamptz not null
    );

    -- Outlives its cluster: a key_id is never told twice.
    create table cluster_key_names (
      cluster text collate "C" not null,
      number int not null,
      kms_key_id text not null unique,
      key_id uuid not null references keys,
      version int not null,
      create_time timestamptz not null,
      primary key (cluster, number)
    );

    create table cluster_plugins (
      cluster text collate "C" not null references cluster_encryptions on delete cascade,
      node text collate "C" not null,
      kms_key_id text not null,
      last_seen_time timestamptz not null,
      run_id uuid,
      sequence bigint not null default 0,
      primary key (cluster, node)
    );

    create table storage_migrations (
      id uuid primary key,
      cluster text collate "C" not null references cluster_encryptions on delete cascade,
      state int not null,
      kms_key_id text not null,
      begin_time timestamptz not null,
      resource int not null default 0,
      position text not null default '',
      found bigint not null default 0,
      written bigint not null default 0,
      conflicts bigint not null default 0,
      failed bigint not null default 0,
      attempts int not null default 0,
      error_code text not null default '',
      error_message text not null default '',
      create_time timestamptz not null,
      end_time timestamptz,
      leased_by uuid,
      lease_until timestamptz
    );
    create unique index storage_migrations_open on storage_migrations (cluster) where end_time is null;
    create index storage_migrations_cluster on storage_migrations (cluster, create_time desc);

    create table encryption_evidence (
      cluster text collate "C" primary key references cluster_encryptions on delete cascade,
      shares jsonb not null,
      resources text[] not null,
      report_time timestamptz not null
    );`,
  },
];

import type { Migration } from '@gabion/postgres/migrate';
import type { ColumnType, Selectable } from 'kysely';

/** What one service keeps under a name. */
interface CredentialsTable {
  readonly service: string;
  readonly name: string;
  /** Closed by the barrier for this service and name. */
  readonly wrapped: Buffer;
  readonly update_time: Date;
  readonly expire_time: Date | null;
}

interface SecretsTable {
  readonly path: string;
  readonly metadata: ColumnType<Record<string, string>, string, string>;
  readonly max_versions: number;
  readonly requires_expected_version: boolean;
  readonly current_version: number;
  readonly create_time: Date;
}

interface SecretVersionsTable {
  readonly path: string;
  readonly version: number;
  /** Closed by the barrier for this path and version; null once it is destroyed. */
  readonly wrapped: Buffer | null;
  readonly create_time: Date;
  readonly expire_time: Date | null;
  readonly delete_time: Date | null;
}

interface SecretLeasesTable {
  readonly id: string;
  readonly path: string;
  readonly version: number;
  /** Who holds it. */
  readonly caller_id: string;
  readonly duration_ms: number;
  readonly expire_time: Date;
  readonly revoke_time: Date | null;
}

/** Who may do what with a path, or with the paths below one ("team/*"), or with all ("*"). */
interface SecretPoliciesTable {
  readonly path: string;
  readonly statements: ColumnType<StoredStatement[], string, string>;
  readonly update_time: Date;
}

interface StoredStatement {
  readonly callers: string[];
  /** Numbers of `SecretOperation`. */
  readonly operations: number[];
}

/** The tables of the area `secrets`. */
export interface SecretTables {
  readonly credentials: CredentialsTable;
  readonly secrets: SecretsTable;
  readonly secret_versions: SecretVersionsTable;
  readonly secret_leases: SecretLeasesTable;
  readonly secret_policies: SecretPoliciesTable;
}

export type SecretRow = Selectable<SecretsTable>;
export type SecretVersionRow = Selectable<SecretVersionsTable>;
/** A version without its value. */
export type SecretVersionFacts = Omit<SecretVersionRow, 'wrapped'> & { readonly is_destroyed: boolean };
export type SecretPolicyRow = Selectable<SecretPoliciesTable>;
export type SecretLeaseRow = Selectable<SecretLeasesTable>;

export const credentialMigration: Migration = {
  id: '0004-secrets',
  sql: `
    create table credentials (
      service text collate "C" not null,
      name text collate "C" not null,
      wrapped bytea not null,
      update_time timestamptz not null,
      primary key (service, name)
    );`,
};

export const secretMigration: Migration = {
  id: '0007-secrets-by-path',
  sql: `
    create table secrets (
      path text collate "C" primary key,
      metadata jsonb not null,
      max_versions int not null,
      requires_expected_version boolean not null,
      current_version int not null,
      create_time timestamptz not null
    );

    create table secret_versions (
      path text collate "C" not null references secrets on delete cascade,
      version int not null,
      wrapped bytea,
      create_time timestamptz not null,
      expire_time timestamptz,
      delete_time timestamptz,
      primary key (path, version)
    );
    create index secret_versions_expire on secret_versions (expire_time)
      where expire_time is not null and wrapped is not null;

    create table secret_leases (
      id uuid primary key,
      path text collate "C" not null,
      version int not null,
      caller_id text not null,
      duration_ms int not null,
      expire_time timestamptz not null,
      revoke_time timestamptz
    );
    create index secret_leases_expire on secret_leases (expire_time);`,
};

export const credentialExpiryMigration: Migration = {
  id: '0010-credential-expiry',
  sql: `
    alter table credentials add column expire_time timestamptz;
    create index credentials_expire on credentials (expire_time) where expire_time is not null;`,
};

export const secretPolicyMigration: Migration = {
  id: '0014-secret-policies',
  sql: `
    create table secret_policies (
      path text collate "C" primary key,
      statements jsonb not null,
      update_time timestamptz not null
    );`,
};

import type { Migration } from '@gabion/postgres/migrate';

/** What one service keeps under a name. */
interface CredentialsTable {
  readonly service: string;
  readonly name: string;
  /** Closed by the barrier for this service and name. */
  readonly wrapped: Buffer;
  readonly update_time: Date;
}

/** The tables of the area `secrets`. */
export interface SecretTables {
  readonly credentials: CredentialsTable;
}

export const secretMigration: Migration = {
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

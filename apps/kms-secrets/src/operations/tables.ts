import type { Migration } from '@gabion/postgres/migrate';

/** Who used a key last, and when. */
interface KeyCallersTable {
  readonly key_id: string;
  readonly caller_kind: string;
  readonly caller_id: string;
  readonly last_use_time: Date;
}

/** The tables of operations. */
export interface OperationTables {
  readonly key_callers: KeyCallersTable;
}

export const operationMigration: Migration = {
  id: '0003-operations',
  sql: `
    create table key_callers (
      key_id uuid not null references keys,
      caller_kind text not null,
      caller_id text not null,
      last_use_time timestamptz not null,
      primary key (key_id, caller_kind, caller_id)
    );`,
};

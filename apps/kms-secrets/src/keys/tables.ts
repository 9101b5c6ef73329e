import type { JsonObject } from '@bufbuild/protobuf';
import type { Migration } from '@gabion/postgres/migrate';
import type { ColumnType, Selectable } from 'kysely';

/** As it is written into a column of JSON, and as `pg` answers it. */
type Json = ColumnType<JsonObject, string, string>;

interface KeysTable {
  readonly id: string;
  readonly name: string;
  readonly tenant: string;
  /** Number of `KeyType`. */
  readonly type: number;
  /** Number of `KeyState`. */
  readonly state: number;
  readonly primary_version: number;
  /** KeySettings in protobuf's JSON. */
  readonly settings: Json;
  /** KeyPolicy in protobuf's JSON. */
  readonly policy: Json;
  readonly is_exportable: boolean;
  readonly create_time: Date;
  readonly destroy_time: Date | null;
  readonly next_rotation_time: Date | null;
}

interface KeyVersionsTable {
  readonly key_id: string;
  readonly version: number;
  /** Null once it is destroyed. */
  readonly wrapped: Buffer | null;
  readonly is_imported: boolean;
  readonly create_time: Date;
  /** Encryptions recorded; as text, as `pg` answers bigint. */
  readonly encryptions: ColumnType<string, never, string>;
}

interface KeyUsersTable {
  readonly key_id: string;
  readonly kind: string;
  readonly name: string;
  readonly versions: number[];
  readonly last_use_time: Date | null;
}

/** RSA keys to which imported material is wrapped. */
interface WrappingKeysTable {
  readonly id: string;
  readonly wrapped: Buffer;
  readonly public_key_pem: string;
  readonly expire_time: Date;
}

/** The tables of keys. */
export interface KeyTables {
  readonly keys: KeysTable;
  readonly key_versions: KeyVersionsTable;
  readonly key_aliases: { readonly alias: string; readonly key_id: string };
  readonly key_users: KeyUsersTable;
  readonly wrapping_keys: WrappingKeysTable;
}

export type KeyRow = Selectable<KeysTable>;
export type KeyVersionRow = Selectable<KeyVersionsTable>;
export type KeyUserRow = Selectable<KeyUsersTable>;

export const keyMigration: Migration = {
  id: '0002-keys',
  sql: `
    create table keys (
      id uuid primary key,
      name text not null unique,
      tenant text not null,
      type int not null,
      state int not null,
      primary_version int not null,
      settings jsonb not null,
      policy jsonb not null,
      is_exportable boolean not null,
      create_time timestamptz not null,
      destroy_time timestamptz,
      next_rotation_time timestamptz
    );
    create index keys_destroy on keys (destroy_time) where destroy_time is not null;
    create index keys_rotation on keys (next_rotation_time) where next_rotation_time is not null;

    create table key_versions (
      key_id uuid not null references keys,
      version int not null,
      wrapped bytea,
      is_imported boolean not null,
      create_time timestamptz not null,
      encryptions bigint not null default 0,
      primary key (key_id, version)
    );

    create table key_aliases (
      alias text primary key,
      key_id uuid not null references keys
    );
    create index key_aliases_key on key_aliases (key_id);

    -- Who depends on a key: it is not disabled or deleted under them.
    create table key_users (
      key_id uuid not null references keys,
      kind text not null,
      name text not null,
      versions int[] not null,
      last_use_time timestamptz,
      primary key (key_id, kind, name)
    );

    create table wrapping_keys (
      id uuid primary key,
      wrapped bytea not null,
      public_key_pem text not null,
      expire_time timestamptz not null
    );`,
};

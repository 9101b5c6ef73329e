import type { Migration } from '@gabion/postgres/migrate';
import type { Selectable } from 'kysely';

/** Who opens the seal's key without a person, and outside of this machine. */
export type HeldSealKind = 'pkcs11' | 'transit' | 'attested';
export type StoredSealKind = 'shamir' | 'file' | HeldSealKind;

/** What the root key is wrapped with; both rows of a seal and of one to come have it. */
interface SealColumns {
  readonly kind: StoredSealKind;
  readonly threshold: number;
  readonly shares: number;
  /** The seal's key as its holder closed it; null for shares and files. */
  readonly held_key: Buffer | null;
}

/** The one seal there is. */
interface SealTable extends SealColumns {
  readonly installation: string;
  /** Counts reseals. */
  readonly generation: number;
  readonly root_version: number;
  readonly root_create_time: Date;
  /** The root key, closed with the seal's key. */
  readonly wrapped_root: Buffer;
  /** The seal's key, closed with the root key: open replicas find it after a reseal. */
  readonly wrapped_seal_key: Buffer;
  /** Counts how often all replicas were closed; as text, as `pg` answers bigint. */
  readonly closings: string;
}

/** A reseal that was begun; its wraps are there once the holders of the present seal authorised it. */
interface ResealsTable extends SealColumns {
  readonly id: string;
  readonly begun_by: string;
  readonly recipients: readonly Buffer[];
  readonly wrapped_root: Buffer | null;
  readonly wrapped_seal_key: Buffer | null;
  readonly create_time: Date;
}

interface KeyEncryptionKeysTable {
  readonly id: string;
  readonly tenant: string;
  readonly purpose: string;
  readonly root_version: number;
  readonly wrapped: Buffer;
  readonly create_time: Date;
}

/** The tables of the seal. */
export interface SealTables {
  readonly seal: SealTable;
  readonly reseals: ResealsTable;
  readonly key_encryption_keys: KeyEncryptionKeysTable;
}

export type SealRow = Selectable<SealTable>;
export type ResealRow = Selectable<ResealsTable>;
export type KeyEncryptionKeyRow = Selectable<KeyEncryptionKeysTable>;

export const sealMigration: Migration = {
  id: '0001-seal',
  sql: `
    create table seal (
      only_one boolean primary key default true check (only_one),
      installation uuid not null,
      kind text not null check (kind in ('shamir', 'file')),
      threshold int not null,
      shares int not null,
      generation int not null,
      root_version int not null,
      root_create_time timestamptz not null,
      wrapped_root bytea not null,
      wrapped_seal_key bytea not null,
      closings bigint not null default 0
    );

    create table reseals (
      only_one boolean primary key default true check (only_one),
      id uuid not null,
      begun_by text not null,
      kind text not null check (kind in ('shamir', 'file')),
      threshold int not null,
      shares int not null,
      recipients bytea[] not null,
      wrapped_root bytea,
      wrapped_seal_key bytea,
      create_time timestamptz not null
    );

    create table key_encryption_keys (
      id uuid primary key,
      tenant text not null,
      purpose text not null,
      root_version int not null,
      wrapped bytea not null,
      create_time timestamptz not null,
      unique (tenant, purpose)
    );`,
};

export const heldSealMigration: Migration = {
  id: '0008-held-seals',
  sql: `
    alter table seal drop constraint seal_kind_check;
    alter table seal add check (kind in ('shamir', 'file', 'pkcs11', 'transit'));
    alter table seal add column held_key bytea;
    alter table reseals drop constraint reseals_kind_check;
    alter table reseals add check (kind in ('shamir', 'file', 'pkcs11', 'transit'));
    alter table reseals add column held_key bytea;`,
};

export const attestedSealMigration: Migration = {
  id: '0012-attested-seals',
  sql: `
    alter table seal drop constraint seal_kind_check;
    alter table seal add check (kind in ('shamir', 'file', 'pkcs11', 'transit', 'attested'));
    alter table reseals drop constraint reseals_kind_check;
    alter table reseals add check (kind in ('shamir', 'file', 'pkcs11', 'transit', 'attested'));`,
};

import type { Migration } from '@gabion/postgres/migrate';
import type { ColumnType, Selectable } from 'kysely';

/** How the next version comes about: made here, or by a hook. */
export type RotationWay =
  | { readonly kind: 'characters'; readonly name: string; readonly length: number; readonly characters: string }
  | { readonly kind: 'bytes'; readonly name: string; readonly bytes: number }
  | { readonly kind: 'hook'; readonly url: string; readonly ca: string; readonly putWithinSeconds: number };

interface SecretRotationsTable {
  readonly path: string;
  readonly period_seconds: number;
  readonly way: ColumnType<RotationWay, string, string>;
  /** What requests to the hook are signed with, closed by the barrier for this path; null without hook. */
  readonly signing_key: Buffer | null;
  /** Number of `SecretRotationState`. */
  readonly state: number;
  /** Of the rotation under way. */
  readonly rotation_id: string | null;
  readonly from_version: number;
  readonly attempts: number;
  /** When something is to be done. */
  readonly next_time: Date;
  readonly last_time: Date | null;
  readonly last_version: number;
  readonly error_code: string;
  readonly error_message: string;
  readonly create_time: Date;
  readonly leased_by: string | null;
  readonly lease_until: Date | null;
}

/** The tables of the area `rotations`. */
export interface RotationTables {
  readonly secret_rotations: SecretRotationsTable;
}

export type SecretRotationRow = Selectable<SecretRotationsTable>;

export const rotationMigration: Migration = {
  id: '0013-secret-rotations',
  sql: `
    create table secret_rotations (
      path text collate "C" primary key references secrets on delete cascade,
      period_seconds int not null,
      way jsonb not null,
      signing_key bytea,
      state int not null,
      rotation_id uuid,
      from_version int not null default 0,
      attempts int not null default 0,
      next_time timestamptz not null,
      last_time timestamptz,
      last_version int not null default 0,
      error_code text not null default '',
      error_message text not null default '',
      create_time timestamptz not null,
      leased_by uuid,
      lease_until timestamptz
    );
    create index secret_rotations_next on secret_rotations (next_time);`,
};

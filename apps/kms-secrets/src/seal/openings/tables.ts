import type { Migration } from '@gabion/postgres/migrate';
import type { Selectable } from 'kysely';

/** Requests of sealed replicas, and the answers of open ones. Nothing in it opens the seal. */
interface SealOpeningsTable {
  readonly id: string;
  readonly installation: string;
  readonly generation: number;
  /** As text, as `pg` answers bigint. */
  readonly closings: string;
  readonly public_key: Buffer;
  readonly ask_time: Date;
  readonly certificate: string;
  readonly signature: Buffer;
  /** The seal's key, sealed to `public_key`; null until an open replica answered. */
  readonly sealed: Buffer | null;
  readonly answer_certificate: string | null;
  readonly answer_signature: Buffer | null;
}

/** The tables of openings. */
export interface OpeningTables {
  readonly seal_openings: SealOpeningsTable;
}

export type OpeningRow = Selectable<SealOpeningsTable>;

export const openingMigration: Migration = {
  id: '0011-seal-openings',
  sql: `
    create table seal_openings (
      id uuid primary key,
      installation uuid not null,
      generation int not null,
      closings bigint not null,
      public_key bytea not null check (octet_length(public_key) = 32),
      ask_time timestamptz(3) not null,
      certificate text not null check (octet_length(certificate) <= 16384),
      signature bytea not null check (octet_length(signature) <= 256),
      sealed bytea check (octet_length(sealed) <= 256),
      answer_certificate text check (octet_length(answer_certificate) <= 16384),
      answer_signature bytea check (octet_length(answer_signature) <= 256)
    );
    create index seal_openings_ask_time on seal_openings (ask_time);`,
};

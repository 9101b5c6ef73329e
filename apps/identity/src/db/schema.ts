import type { Database as AnyDatabase, Tx as AnyTx } from '@gabion/postgres/database';
import type { Generated, Selectable } from 'kysely';

export interface Schema {
  readonly subjects: SubjectsTable;
  readonly grants: { readonly subject_id: string; readonly role: string };
  readonly tokens: TokensTable;
}

interface SubjectsTable {
  readonly id: Generated<string>;
  readonly kind: 'user' | 'service_account';
  readonly name: string;
  readonly email: Generated<string>;
  readonly description: Generated<string>;
  readonly disabled: Generated<boolean>;
  readonly create_time: Date;
  readonly delete_time: Date | null;
}

interface TokensTable {
  readonly id: Generated<string>;
  readonly owner_id: string;
  readonly name: string;
  /** What stands before the secret in the token's text, by which a token is found. */
  readonly prefix: string;
  /** SHA-256 of the whole text. */
  readonly hash: Buffer;
  readonly create_time: Date;
  readonly expire_time: Date;
  readonly last_use_time: Date | null;
  readonly revoke_time: Date | null;
}

export type SubjectRow = Selectable<SubjectsTable>;
export type TokenRow = Selectable<TokensTable>;

export type Database = AnyDatabase<Schema>;
export type Tx = AnyTx<Schema>;

/** Under which NestJS hands out the service's database. */
export const database = Symbol('database');

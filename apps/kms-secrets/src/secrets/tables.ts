import type { Migration } from '@gabion/postgres/migrate';

/** The tables of the area `secrets`. */
// biome-ignore lint/suspicious/noEmptyInterface: the area's tables come with it
export interface SecretTables {}

export const secretMigration: Migration = { id: '0004-secrets', sql: 'select 1' };

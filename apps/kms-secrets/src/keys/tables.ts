import type { Migration } from '@gabion/postgres/migrate';

/** The tables of the area `keys`. */
// biome-ignore lint/suspicious/noEmptyInterface: the area's tables come with it
export interface KeyTables {}

export const keyMigration: Migration = { id: '0002-keys', sql: 'select 1' };

import type { Migration } from '@gabion/postgres/migrate';

/** The tables of the area `seal`. */
// biome-ignore lint/suspicious/noEmptyInterface: the area's tables come with it
export interface SealTables {}

export const sealMigration: Migration = { id: '0001-seal', sql: 'select 1' };

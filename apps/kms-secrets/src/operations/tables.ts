import type { Migration } from '@gabion/postgres/migrate';

/** The tables of the area `operations`. */
// biome-ignore lint/suspicious/noEmptyInterface: the area's tables come with it
export interface OperationTables {}

export const operationMigration: Migration = { id: '0003-operations', sql: 'select 1' };

import type { Migration } from '@gabion/postgres/migrate';

/** The tables of the area `clusters`. */
// biome-ignore lint/suspicious/noEmptyInterface: the area's tables come with it
export interface ClusterTables {}

export const clusterMigration: Migration = { id: '0005-clusters', sql: 'select 1' };

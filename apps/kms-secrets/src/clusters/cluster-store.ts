import { type Kysely, sql } from 'kysely';
import type { Schema, Tx } from '../db/schema.ts';
import { clusterFaults } from './cluster-faults.ts';
import type { ClusterKeyNameRow, ClusterRow } from './tables.ts';

/** Tells all replicas that the cluster of the payload changed. */
export const clusterChannel = 'kms_clusters';

/** Throws `cluster_unknown`. */
export async function clusterOf(db: Kysely<Schema>, cluster: string): Promise<ClusterRow> {
  const row = await db.selectFrom('cluster_encryptions').selectAll().where('cluster', '=', cluster).executeTakeFirst();
  if (!row) throw clusterFaults.unknown(cluster);
  return row;
}

/** The cluster, if there is one, which nobody else changes until the transaction ends. */
export async function lockIfThere(tx: Tx, cluster: string): Promise<ClusterRow | undefined> {
  return tx.selectFrom('cluster_encryptions').selectAll().where('cluster', '=', cluster).forUpdate().executeTakeFirst();
}

/** As `lockIfThere`; throws `cluster_unknown`. */
export async function lockCluster(tx: Tx, cluster: string): Promise<ClusterRow> {
  const row = await lockIfThere(tx, cluster);
  if (!row) throw clusterFaults.unknown(cluster);
  return row;
}

/** The names of a cluster's keys, newest first. */
export async function keyNamesOf(db: Kysely<Schema>, cluster: string): Promise<ClusterKeyNameRow[]> {
  return db
    .selectFrom('cluster_key_names')
    .selectAll()
    .where('cluster', '=', cluster)
    .orderBy('number', 'desc')
    .execute();
}

export async function tellClusterChanged(tx: Tx, cluster: string): Promise<void> {
  await sql`select pg_notify(${clusterChannel}, ${cluster})`.execute(tx);
}

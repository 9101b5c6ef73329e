import type { Database, Tx } from '../db/schema.ts';
import type { Barrier, Space } from '../seal/barrier.ts';
import { clusterFaults } from './cluster-faults.ts';
import type { ClusterRow } from './tables.ts';

const space: Space = { tenant: 'default', purpose: 'clusters' };

/** Closes a kubeconfig for its cluster. */
export async function closedKubeconfig(tx: Tx, barrier: Barrier, cluster: string, bytes: Uint8Array): Promise<Buffer> {
  return barrier.wrap(tx, space, bytes, { cluster });
}

/** Throws `kubeconfig_missing`. */
export async function kubeconfigOf(
  db: Database,
  barrier: Barrier,
  { cluster, kubeconfig }: ClusterRow,
): Promise<Uint8Array> {
  if (!kubeconfig) throw clusterFaults.kubeconfigMissing();
  return barrier.unwrap(db, space, kubeconfig, { cluster });
}

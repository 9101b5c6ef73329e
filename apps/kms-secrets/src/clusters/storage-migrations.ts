import { randomUUID } from 'node:crypto';
import type { MessageInitShape } from '@bufbuild/protobuf';
import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import { type StorageMigrationSchema, StorageMigrationState } from '@gabion/contracts/gabion/kms/v1/clusters_pb';
import type { Clock } from '../area.ts';
import type { Database, Tx } from '../db/schema.ts';
import { clusterFaults } from './cluster-faults.ts';
import { announceMs, type ClusterKeys } from './cluster-keys.ts';
import { lockCluster, tellClusterChanged } from './cluster-store.ts';
import type { ClusterKeyNameRow, StorageMigrationRow } from './tables.ts';

/**
 * How long after a key was named an API server may still write with an earlier one: until plugins encrypt with it, and
 * then the 3 minutes for which an API server goes on after its last good Status (kmsv2PluginWriteDEKSourceMaxTTL).
 */
const settleMs = announceMs + 185_000;

const mostListed = 100;

/** When every API server is sure to write with this key, or not at all. */
export function settledTime({ create_time }: Pick<ClusterKeyNameRow, 'create_time'>): Date {
  return new Date(create_time.getTime() + settleMs);
}

/** Migrations of the storage of clusters: each value is written again, so that it is under the present key. */
export class StorageMigrations {
  constructor(
    private readonly db: Database,
    private readonly keys: ClusterKeys,
    private readonly now: Clock,
  ) {}

  async create(tx: Tx, cluster: string): Promise<StorageMigrationRow> {
    const { newest: target } = await this.keys.set(cluster);
    const row = await lockCluster(tx, cluster);
    if (!row.kubeconfig) throw clusterFaults.kubeconfigMissing();
    const running = await tx
      .selectFrom('storage_migrations')
      .select('id')
      .where('cluster', '=', cluster)
      .where('end_time', 'is', null)
      .executeTakeFirst();
    if (running) throw clusterFaults.migrationRunning(running.id);
    const values = {
      id: randomUUID(),
      cluster,
      state: StorageMigrationState.WAITING,
      kms_key_id: target.kms_key_id,
      begin_time: settledTime(target),
      resource: 0,
      position: '',
      attempts: 0,
      error_code: '',
      error_message: '',
      create_time: this.now(),
      end_time: null,
      leased_by: null,
      lease_until: null,
    };
    await tellClusterChanged(tx, cluster);
    return tx.insertInto('storage_migrations').values(values).returningAll().executeTakeFirstOrThrow();
  }

  async get(id: string): Promise<StorageMigrationRow> {
    const row = await this.db.kysely
      .selectFrom('storage_migrations')
      .selectAll()
      .where('id', '=', id)
      .executeTakeFirst();
    if (!row) throw clusterFaults.migrationUnknown();
    return row;
  }

  async list(cluster: string): Promise<StorageMigrationRow[]> {
    return this.db.kysely
      .selectFrom('storage_migrations')
      .selectAll()
      .where('cluster', '=', cluster)
      .orderBy('create_time', 'desc')
      .limit(mostListed)
      .execute();
  }

  /** What was written stays so; a migration that has ended stays as it is. */
  async cancel(tx: Tx, id: string): Promise<StorageMigrationRow> {
    await tx
      .updateTable('storage_migrations')
      .set({ state: StorageMigrationState.CANCELLED, end_time: this.now(), leased_by: null })
      .where('id', '=', id)
      .where('end_time', 'is', null)
      .execute();
    const row = await tx.selectFrom('storage_migrations').selectAll().where('id', '=', id).executeTakeFirst();
    if (!row) throw clusterFaults.migrationUnknown();
    return row;
  }
}

/** A migration as callers see it. */
export function migrationMessage(row: StorageMigrationRow): MessageInitShape<typeof StorageMigrationSchema> {
  return {
    id: row.id,
    cluster: row.cluster,
    state: row.state,
    kmsKeyId: row.kms_key_id,
    found: BigInt(row.found),
    written: BigInt(row.written),
    conflicts: BigInt(row.conflicts),
    failed: BigInt(row.failed),
    errorCode: row.error_code,
    errorMessage: row.error_message,
    createTime: timestampFromDate(row.create_time),
    ...(row.end_time && { endTime: timestampFromDate(row.end_time) }),
  };
}

/** The migration was cancelled, or is with another replica now. */
export class MigrationLost extends Error {
  override readonly name = 'MigrationLost';
}

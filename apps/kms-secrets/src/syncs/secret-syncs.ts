import { randomUUID } from 'node:crypto';
import type { MessageInitShape } from '@bufbuild/protobuf';
import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import {
  DriftAction,
  type PutSecretSyncRequest,
  type SecretSyncSchema,
  SecretSyncState,
  type SecretTarget,
} from '@gabion/contracts/gabion/kms/v1/secret_syncs_pb';
import type { Kysely } from 'kysely';
import type { Clock } from '../area.ts';
import { clusterFaults } from '../clusters/cluster-faults.ts';
import { clusterOf } from '../clusters/cluster-store.ts';
import type { Schema, Tx } from '../db/schema.ts';
import { secretFaults } from '../secrets/secret-faults.ts';
import { known } from '../secrets/secrets.ts';
import { syncFaults } from './sync-faults.ts';
import type { SecretSyncRow } from './tables.ts';

const usualCheckSeconds = 60;
const leastCheckSeconds = 5;

/** Which secrets are kept in which clusters. */
export class SecretSyncs {
  constructor(private readonly now: Clock) {}

  /** Adds the sync of a target, or changes it; it is looked at soon. */
  async put(tx: Tx, request: PutSecretSyncRequest): Promise<SecretSyncRow> {
    const { path, keys, adopt: adopts, checkSeconds } = request;
    const { cluster = '', namespace = '', name = '', type = '' } = request.target ?? {};
    if (checkSeconds > 0 && checkSeconds < leastCheckSeconds)
      throw secretFaults.invalid('check_seconds', `is ${leastCheckSeconds} at least`);
    const [wrong] = Object.keys(keys).filter((key) => !isTargetKey(key));
    if (wrong !== undefined) throw secretFaults.invalid('keys', `has ${wrong}, which no Secret of Kubernetes can have`);
    await known(tx, path);
    const { kubeconfig } = await clusterOf(tx, cluster);
    if (!kubeconfig) throw clusterFaults.kubeconfigMissing();
    const settings = {
      path,
      type: type || 'Opaque',
      keys: JSON.stringify(keys),
      on_drift: request.onDrift || DriftAction.REPAIR,
      check_seconds: checkSeconds || usualCheckSeconds,
      adopts,
      // Of another secret, perhaps: what is there is not drift.
      version: 0,
      state: SecretSyncState.PENDING,
      attempts: 0,
      next_time: this.now(),
    };
    return tx
      .insertInto('secret_syncs')
      .values({ id: randomUUID(), cluster, namespace, name, ...settings, ...untouched, create_time: this.now() })
      .onConflict((conflict) => conflict.columns(['cluster', 'namespace', 'name']).doUpdateSet(settings))
      .returningAll()
      .executeTakeFirstOrThrow();
  }

  /** Has the sync looked at soon. */
  async check(tx: Tx, id: string): Promise<SecretSyncRow> {
    const changes = { next_time: this.now(), attempts: 0 };
    const row = await tx
      .updateTable('secret_syncs')
      .set(changes)
      .where('id', '=', id)
      .returningAll()
      .executeTakeFirst();
    if (!row) throw syncFaults.unknown();
    return row;
  }

  async delete(tx: Tx, id: string): Promise<void> {
    await tx.deleteFrom('secret_syncs').where('id', '=', id).execute();
  }
}

const untouched = {
  write_time: null,
  check_time: null,
  drift_time: null,
  drifted_keys: [],
  error_code: '',
  error_message: '',
  leased_by: null,
  lease_until: null,
};

/** Throws `secret_sync_unknown`. */
export async function syncOf(db: Kysely<Schema>, id: string): Promise<SecretSyncRow> {
  const row = await db.selectFrom('secret_syncs').selectAll().where('id', '=', id).executeTakeFirst();
  if (!row) throw syncFaults.unknown();
  return row;
}

/** The sync of a target, if there is one. */
export async function syncAt(
  db: Kysely<Schema>,
  { cluster = '', namespace = '', name = '' }: Partial<SecretTarget> = {},
): Promise<SecretSyncRow | undefined> {
  const all = db.selectFrom('secret_syncs').selectAll().where('cluster', '=', cluster);
  return all.where('namespace', '=', namespace).where('name', '=', name).executeTakeFirst();
}

/** Has all syncs of a secret looked at soon: it has changed. */
export async function wakeSyncs(tx: Tx, path: string, now: Date): Promise<void> {
  await tx.updateTable('secret_syncs').set({ next_time: now, attempts: 0 }).where('path', '=', path).execute();
}

/** Whether a Secret of Kubernetes can have the key (validation.IsConfigMapKey). */
export function isTargetKey(key: string): boolean {
  return /^[-._a-zA-Z0-9]{1,253}$/.test(key) && key !== '.' && !key.startsWith('..');
}

/** A sync as callers see it. */
export function syncMessage(row: SecretSyncRow): MessageInitShape<typeof SecretSyncSchema> {
  const { cluster, namespace, name, type, write_time, check_time, drift_time } = row;
  return {
    id: row.id,
    path: row.path,
    target: { cluster, namespace, name, type },
    keys: row.keys,
    onDrift: row.on_drift,
    checkSeconds: row.check_seconds,
    state: row.state,
    version: row.version,
    driftedKeys: row.drifted_keys,
    errorCode: row.error_code,
    errorMessage: row.error_message,
    createTime: timestampFromDate(row.create_time),
    ...(write_time && { writeTime: timestampFromDate(write_time) }),
    ...(check_time && { checkTime: timestampFromDate(check_time) }),
    ...(drift_time && { driftTime: timestampFromDate(drift_time) }),
  };
}

import { randomUUID } from 'node:crypto';
import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import type { ClusterEncryptionSchema, PutClusterEncryptionRequest } from '@gabion/contracts/gabion/kms/v1/clusters_pb';
import { CreateKeyRequestSchema, KeyType } from '@gabion/contracts/gabion/kms/v1/keys_pb';
import type { Clock } from '../area.ts';
import type { Database, Tx } from '../db/schema.ts';
import { keyFaults } from '../keys/key-faults.ts';
import { type KeyLifecycle, materialFor } from '../keys/key-lifecycle.ts';
import type { KeyRecord } from '../keys/key-ring.ts';
import { findKey } from '../keys/key-store.ts';
import { kindOf } from '../keys/key-types.ts';
import type { Barrier } from '../seal/barrier.ts';
import { clusterFaults } from './cluster-faults.ts';
import { type ClusterKeys, dependOn } from './cluster-keys.ts';
import { lockCluster, lockIfThere, tellClusterChanged } from './cluster-store.ts';
import { valuesUnder } from './evidence.ts';
import { readKubeconfig } from './kubeconfig.ts';
import { closedKubeconfig } from './kubeconfigs.ts';
import type { ClusterPluginRow, ClusterRow } from './tables.ts';

const defaultGraceSeconds = 3600;
/** A plugin that was heard of within this time is at work. */
const atWorkMs = 60_000;
const resourceName = /^[a-z][a-z0-9]*(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*$/;

export interface ClusterSettingsParts {
  readonly db: Database;
  readonly barrier: Barrier;
  readonly keys: ClusterKeys;
  readonly lifecycle: KeyLifecycle;
  readonly now: Clock;
}

/** Which clusters there are, with what settings. */
export class ClusterSettings {
  constructor(private readonly parts: ClusterSettingsParts) {}

  /** Adds the cluster or changes it; a key is made for a new one that names none. */
  async put(tx: Tx, request: PutClusterEncryptionRequest): Promise<void> {
    const { barrier, keys } = this.parts;
    const { cluster } = request;
    const given = resourcesIn(request);
    if (request.kubeconfig.length > 0) readKubeconfig(request.kubeconfig);
    const before = await lockIfThere(tx, cluster);
    const key = await this.#key(tx, request, before);
    const values = {
      key_id: key.id,
      resources: given,
      grace_seconds: request.graceSeconds || defaultGraceSeconds,
      plugin_accounts: [...request.pluginAccounts],
      is_suspended: request.isSuspended,
      kubeconfig:
        request.kubeconfig.length > 0
          ? await closedKubeconfig(tx, barrier, cluster, request.kubeconfig)
          : (before?.kubeconfig ?? null),
    };
    await tx
      .insertInto('cluster_encryptions')
      .values({ cluster, ...values, create_time: this.parts.now() })
      .onConflict((conflict) => conflict.column('cluster').doUpdateSet(values))
      .execute();
    await keys.name(tx, cluster, key);
    await tellClusterChanged(tx, cluster);
  }

  async delete(tx: Tx, cluster: string): Promise<void> {
    await lockCluster(tx, cluster);
    const since = new Date(this.parts.now().getTime() - atWorkMs);
    const plugins = await pluginsOf(tx, cluster);
    const [atWork] = plugins.filter((each) => each.last_seen_time > since);
    if (atWork) throw clusterFaults.inUse(`the plugin of ${atWork.node} is at work`);
    const values = await valuesUnder(tx, cluster);
    if (values > 0n) throw clusterFaults.inUse(`${values} values were counted under it`);
    const synced = await tx.selectFrom('secret_syncs').select('id').where('cluster', '=', cluster).limit(1).execute();
    if (synced.length > 0) throw clusterFaults.inUse('secrets are synced to it');
    await dependOn(tx, cluster, []);
    await tx.deleteFrom('cluster_encryptions').where('cluster', '=', cluster).execute();
    await tellClusterChanged(tx, cluster);
  }

  /** The cluster as callers see it. Its key_id is that which is told, or would be, if the key cannot be used now. */
  async message(row: ClusterRow): Promise<MessageInitShape<typeof ClusterEncryptionSchema>> {
    const { db, keys } = this.parts;
    const primary = await keys.set(row.cluster).then(
      ({ primary }) => primary.kms_key_id,
      () => '',
    );
    const plugins = await pluginsOf(db.kysely as Tx, row.cluster);
    return {
      cluster: row.cluster,
      keyId: row.key_id,
      kmsKeyId: primary,
      resources: row.resources,
      graceSeconds: row.grace_seconds,
      pluginAccounts: row.plugin_accounts,
      isSuspended: row.is_suspended,
      hasKubeconfig: row.kubeconfig !== null,
      createTime: timestampFromDate(row.create_time),
      plugins: plugins.map(({ node, kms_key_id: kmsKeyId, last_seen_time: time }) => ({
        node,
        kmsKeyId,
        lastSeenTime: timestampFromDate(time),
      })),
    };
  }

  /** The key that is named, or the one that is there, or a new one. */
  async #key(
    tx: Tx,
    { cluster, key: wanted }: PutClusterEncryptionRequest,
    before: ClusterRow | undefined,
  ): Promise<KeyRecord> {
    const name = wanted || before?.key_id;
    if (!name) {
      const request = { name: `cluster-${cluster}`, type: KeyType.AES_256_GCM };
      const key = await findKey(tx, request.name);
      // Of a cluster of that name that was deleted, or somebody else's.
      if (key) request.name = `cluster-${cluster}-${randomUUID().slice(0, 8)}`;
      const material = await materialFor(request.type);
      return this.parts.lifecycle.create(tx, create(CreateKeyRequestSchema, request), material);
    }
    const key = await findKey(tx, name);
    if (!key) throw keyFaults.unknown();
    if (kindOf(key.type)?.material !== 'symmetric-256') throw keyFaults.unsuitable('encrypt clusters');
    return key;
  }
}

async function pluginsOf(tx: Tx, cluster: string): Promise<ClusterPluginRow[]> {
  return tx.selectFrom('cluster_plugins').selectAll().where('cluster', '=', cluster).orderBy('node').execute();
}

function resourcesIn({ resources }: PutClusterEncryptionRequest): string[] {
  const wrong = resources.findIndex((each) => !resourceName.test(each));
  if (wrong >= 0) throw clusterFaults.invalid(`resources[${wrong}]`, 'is no "resource" or "resource.group"');
  return resources.length > 0 ? [...new Set(resources)] : ['secrets'];
}

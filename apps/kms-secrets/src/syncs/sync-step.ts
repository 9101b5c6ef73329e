import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import { SecretDriftedSchema } from '@gabion/contracts/gabion/kms/v1/events_pb';
import { DriftAction, SecretSyncState } from '@gabion/contracts/gabion/kms/v1/secret_syncs_pb';
import { publish } from '@gabion/events/publish';
import type { Clock } from '../area.ts';
import { clusterOf } from '../clusters/cluster-store.ts';
import { readKubeconfig } from '../clusters/kubeconfig.ts';
import { kubeconfigOf } from '../clusters/kubeconfigs.ts';
import type { Database, Tx } from '../db/schema.ts';
import type { Barrier } from '../seal/barrier.ts';
import type { SecretData } from '../secrets/secret-values.ts';
import type { Secrets } from '../secrets/secrets.ts';
import { isTargetKey } from './secret-syncs.ts';
import { syncFaults } from './sync-faults.ts';
import type { SecretSyncRow } from './tables.ts';
import { differingKeys, TargetSecret, type WantedTarget } from './target-secret.ts';

export interface SyncParts {
  readonly db: Database;
  readonly barrier: Barrier;
  readonly secrets: Secrets;
  readonly now: Clock;
}

/** What a look at a target came to. */
export type SyncOutcome = Partial<
  Pick<SecretSyncRow, 'state' | 'version' | 'write_time' | 'drift_time' | 'drifted_keys'>
>;

/** One look at one target: what differs is written, or told. A look that comes twice does no harm. */
export class SyncStep {
  constructor(private readonly parts: SyncParts) {}

  /** Throws Fault and KubernetesError. */
  async take(sync: SecretSyncRow, signal: AbortSignal): Promise<SyncOutcome> {
    const wanted = await this.#wanted(sync);
    using target = await this.targetOf(sync, signal);
    const found = await target.find();
    if (found && found.syncId !== sync.id && !sync.adopts) throw syncFaults.ofAnother(`${sync.namespace}/${sync.name}`);
    const keys = found ? differingKeys(found.data, wanted.data) : Object.keys(wanted.data);
    if (found && keys.length === 0 && found.syncId === sync.id) return inStep(wanted.version);
    const isDrift = sync.version === wanted.version && keys.length > 0;
    if (isDrift && sync.on_drift === DriftAction.REPORT) return this.#reported(sync, keys, !found);
    if (found) await target.replace(found, wanted);
    else await target.create(wanted);
    const written = { ...inStep(wanted.version), write_time: this.parts.now() };
    return isDrift
      ? { ...written, ...(await this.#drifted(sync, keys, { isDeleted: !found, isRepaired: true })) }
      : written;
  }

  /** The Secret of the sync, with the credentials of its cluster. */
  async targetOf({ cluster, namespace, name }: SecretSyncRow, signal: AbortSignal): Promise<TargetSecret> {
    const { db, barrier } = this.parts;
    const kubeconfig = await kubeconfigOf(db, barrier, await clusterOf(db.kysely, cluster));
    return new TargetSecret(readKubeconfig(kubeconfig), { namespace, name }, signal);
  }

  async #wanted({ id, path, keys, type }: SecretSyncRow): Promise<WantedTarget> {
    const { db, secrets } = this.parts;
    const { row, data } = await db.transaction((tx) => secrets.read(tx, path, 0));
    return { syncId: id, path, version: row.version, type, data: mapped(data, keys) };
  }

  /** Told once for each change. */
  async #reported(sync: SecretSyncRow, keys: readonly string[], isDeleted: boolean): Promise<SyncOutcome> {
    const isKnown = sync.state === SecretSyncState.DRIFTED && keys.join() === sync.drifted_keys.join();
    if (isKnown) return { state: SecretSyncState.DRIFTED };
    const facts = await this.#drifted(sync, keys, { isDeleted, isRepaired: false });
    return { ...facts, state: SecretSyncState.DRIFTED };
  }

  async #drifted(
    { id, path, cluster, namespace, name }: SecretSyncRow,
    keys: readonly string[],
    how: { readonly isDeleted: boolean; readonly isRepaired: boolean },
  ): Promise<SyncOutcome> {
    const time = this.parts.now();
    const event = { syncId: id, path, cluster, namespace, name, keys: [...keys], ...how };
    await this.parts.db.transaction((tx: Tx) =>
      publish(tx, SecretDriftedSchema, { ...event, time: timestampFromDate(time) }, { source: 'kms-secrets' }),
    );
    return { drift_time: time, drifted_keys: [...keys] };
  }
}

function inStep(version: number): SyncOutcome {
  return { state: SecretSyncState.SYNCED, version };
}

/** The values under the keys of the target. */
function mapped(data: SecretData, keys: Readonly<Record<string, string>>): SecretData {
  const pairs = Object.entries(keys);
  const names = pairs.length > 0 ? pairs : Object.keys(data).map((name) => [name, name] as const);
  return Object.fromEntries(
    names.map(([key, name]) => {
      const value = data[name];
      if (value === undefined) throw syncFaults.keyMissing(name);
      if (!isTargetKey(key)) throw syncFaults.keyInvalid(key);
      return [key, value];
    }),
  );
}

import { StorageMigrationState } from '@gabion/contracts/gabion/kms/v1/clusters_pb';
import type { Clock } from '../area.ts';
import type { Database } from '../db/schema.ts';
import type { Barrier } from '../seal/barrier.ts';
import type { ClusterKeys } from './cluster-keys.ts';
import { readKubeconfig } from './kubeconfig.ts';
import { kubeconfigOf } from './kubeconfigs.ts';
import { KubernetesApi, type ObjectName, type ObjectPage } from './kubernetes-api.ts';
import { KubernetesError } from './kubernetes-connection.ts';
import { MigrationLost, settledTime } from './storage-migrations.ts';
import type { StorageMigrationRow } from './tables.ts';

/** Objects that are written at a time. */
const lanes = 8;

export interface MigrationParts {
  readonly db: Database;
  readonly barrier: Barrier;
  readonly keys: ClusterKeys;
  readonly now: Clock;
}

type Progress = Partial<
  Pick<
    StorageMigrationRow,
    'state' | 'kms_key_id' | 'begin_time' | 'resource' | 'position' | 'error_code' | 'error_message' | 'end_time'
  >
> & {
  readonly found?: number;
  readonly written?: number;
  readonly conflicts?: number;
  readonly failed?: number;
};

interface Outcome {
  written: number;
  conflicts: number;
  failed: number;
  complaint: string;
}

/** One step of a migration: a page of objects, whose end is stored before the next begins. A page that comes again does no harm. */
export class MigrationStep {
  constructor(
    private readonly parts: MigrationParts,
    private readonly worker: string,
  ) {}

  async take(migration: StorageMigrationRow, signal: AbortSignal): Promise<void> {
    const { db, barrier, keys, now } = this.parts;
    const { cluster, newest: target } = await keys.set(migration.cluster);
    // Rotated meanwhile: from the beginning, once the new key has settled.
    if (target.kms_key_id !== migration.kms_key_id)
      return this.#store(
        { ...migration, ...nothing },
        { ...anew, kms_key_id: target.kms_key_id, begin_time: settledTime(target) },
      );
    if (migration.begin_time > now()) return this.#store(migration, {});
    const resource = cluster.resources[migration.resource];
    if (resource === undefined) return this.#store(migration, this.#ended(migration));
    using api = new KubernetesApi(readKubeconfig(await kubeconfigOf(db, barrier, cluster)));
    const page = await listed(api, resource, migration.position, signal);
    const { complaint, ...counts } = await rewritten(api, resource, page.objects, signal);
    const at = page.next ? { position: page.next } : { position: '', resource: migration.resource + 1 };
    const first = migration.error_message || complaint;
    const state = StorageMigrationState.WRITING;
    await this.#store(migration, { state, ...at, ...counts, found: page.objects.length, error_message: first });
  }

  async fail(migration: StorageMigrationRow, code: string, message: string): Promise<void> {
    const ended = { state: StorageMigrationState.FAILED, end_time: this.parts.now() };
    await this.#store(migration, { ...ended, error_code: code, error_message: message });
  }

  #ended({ failed, error_message }: StorageMigrationRow): Progress {
    const end_time = this.parts.now();
    if (BigInt(failed) === 0n) return { state: StorageMigrationState.SUCCEEDED, end_time };
    return { state: StorageMigrationState.FAILED, end_time, error_code: 'objects_refused', error_message };
  }

  /** Adds to what `migration` counted. */
  async #store(migration: StorageMigrationRow, progress: Progress): Promise<void> {
    const { found = 0, written = 0, conflicts = 0, failed = 0, ...rest } = progress;
    const sum = (before: string, more: number) => `${BigInt(before) + BigInt(more)}`;
    const { numUpdatedRows } = await this.parts.db.kysely
      .updateTable('storage_migrations')
      .set({
        ...rest,
        found: sum(migration.found, found),
        written: sum(migration.written, written),
        conflicts: sum(migration.conflicts, conflicts),
        failed: sum(migration.failed, failed),
        attempts: 0,
        leased_by: null,
        lease_until: null,
      })
      .where('id', '=', migration.id)
      .where('leased_by', '=', this.worker)
      .where('end_time', 'is', null)
      .executeTakeFirst();
    if (numUpdatedRows === 0n) throw new MigrationLost();
  }
}

const nothing = { found: '0', written: '0', conflicts: '0', failed: '0' };
const anew: Progress = { state: StorageMigrationState.WAITING, resource: 0, position: '', error_message: '' };

/** A list that took too long goes on where the API server says. */
async function listed(api: KubernetesApi, resource: string, from: string, signal: AbortSignal): Promise<ObjectPage> {
  try {
    return await api.list(resource, from, signal);
  } catch (error) {
    if (!(error instanceof KubernetesError) || error.status !== 410 || from === '') throw error;
    return await api.list(resource, error.next, signal);
  }
}

async function rewritten(
  api: KubernetesApi,
  resource: string,
  objects: readonly ObjectName[],
  signal: AbortSignal,
): Promise<Outcome> {
  const outcome: Outcome = { written: 0, conflicts: 0, failed: 0, complaint: '' };
  const waiting = [...objects];
  const lane = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) await one(api, resource, next, signal, outcome);
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return outcome;
}

async function one(api: KubernetesApi, resource: string, object: ObjectName, signal: AbortSignal, outcome: Outcome) {
  try {
    await api.rewrite(resource, object, signal);
    outcome.written++;
  } catch (error) {
    if (!(error instanceof KubernetesError)) throw error;
    // Written, or deleted, by somebody else since it was listed.
    if (error.status === 409 || error.status === 404) outcome.conflicts++;
    else if (error.status >= 400 && error.status < 500 && ![401, 403, 429].includes(error.status)) {
      outcome.failed++;
      outcome.complaint ||= `${resource} ${object.namespace}/${object.name}: ${error.message}`;
    } else throw error;
  }
}

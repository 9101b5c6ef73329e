import { randomInt } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { timestampMs } from '@bufbuild/protobuf/wkt';
import {
  ClusterEncryptionService,
  type StorageMigration,
  StorageMigrationState,
} from '@gabion/contracts/gabion/kms/v1/clusters_pb';
import { KeyService } from '@gabion/contracts/gabion/kms/v1/keys_pb';
import type { Connection } from '@gabion/rpc/client';
import { as, codeOf, type Lane } from './lane.ts';
import type { MovingCluster } from './moving-cluster.ts';

const cluster = 'moving';
const key = 'cluster-moving';
/** Until then an API server may write with an earlier key than the one that was named last. */
const settleMs = 190_000;
const ended = [StorageMigrationState.SUCCEEDED, StorageMigrationState.FAILED, StorageMigrationState.CANCELLED];

/** Migrations of the storage of a cluster: begun, cancelled, overtaken by rotations, and killed in the middle. */
export class MigrationLane implements Lane {
  /** Every migration that was acknowledged, as it was last seen. */
  readonly #seen = new Map<string, StorageMigrationState>();
  #running: string | undefined;
  readonly #wrong: string[] = [];
  #killedWriting = 0;
  #rotations = 0;

  constructor(
    private readonly api: MovingCluster,
    private readonly nowMs: () => number,
  ) {}

  async begin(connection: Connection): Promise<void> {
    const { kubeconfig } = this.api;
    await connection.client(ClusterEncryptionService).putClusterEncryption({ cluster, kubeconfig }, as);
  }

  async work(connection: Connection): Promise<void> {
    const clusters = connection.client(ClusterEncryptionService);
    const chance = randomInt(100);
    if (chance < 3) await this.#rotate(connection);
    else if (this.#running === undefined) await this.#create(connection);
    else if (chance < 6) this.#see(await clusters.cancelStorageMigration({ id: this.#running }, as));
    else this.#see(await clusters.getStorageMigration({ id: this.#running }, as));
    await pause(10);
  }

  async lost(connection: Connection): Promise<string[]> {
    const clusters = connection.client(ClusterEncryptionService);
    if (this.#running && this.#seen.get(this.#running) === StorageMigrationState.WRITING) this.#killedWriting++;
    for (const id of [...this.#seen.keys()].slice(-50)) {
      const answer = clusters.getStorageMigration({ id }, as);
      await answer.then(
        (migration) => this.#see(migration),
        async () => this.#wrong.push(`migration ${id}: ${await codeOf(answer)}`),
      );
    }
    return this.#wrong.splice(0);
  }

  /** A last rotation, and a migration after it, which has to write every object under its key. */
  async finish(connection: Connection): Promise<string[]> {
    const sinceMs = this.nowMs() + settleMs;
    await this.#rotate(connection);
    const clusters = connection.client(ClusterEncryptionService);
    const isPresent = async ({ state, kmsKeyId }: StorageMigration) =>
      state === StorageMigrationState.SUCCEEDED &&
      kmsKeyId === (await clusters.getClusterEncryption({ cluster }, as)).kmsKeyId;
    for (const until = Date.now() + 60_000; Date.now() < until; await pause(20)) {
      if (this.#running === undefined) await this.#create(connection);
      const migration = await clusters.getStorageMigration({ id: this.#running ?? '' }, as);
      this.#see(migration);
      if (!(await isPresent(migration))) continue;
      const unwritten = this.api.unwrittenSince(sinceMs);
      return [...this.#wrong, ...unwritten.map((name) => `${name} was not written under the last key`)];
    }
    return [...this.#wrong, 'no migration came to its end within 60 s after the last kill'];
  }

  get told(): string {
    const count = (state: StorageMigrationState) => [...this.#seen.values()].filter((each) => each === state).length;
    const done = `${count(StorageMigrationState.SUCCEEDED)} done, ${count(StorageMigrationState.CANCELLED)} cancelled`;
    return `${this.#seen.size} migrations, ${done}, ${this.#killedWriting} kills while one wrote, ${this.#rotations} rotations, ${this.api.writes} writes of ${this.api.secrets.size} objects`;
  }

  async #rotate(connection: Connection): Promise<void> {
    await connection.client(KeyService).rotateKey({ key }, as);
    this.#rotations++;
  }

  async #create(connection: Connection): Promise<void> {
    const clusters = connection.client(ClusterEncryptionService);
    // One that was not acknowledged may have been begun all the same.
    const { migrations } = await clusters.listStorageMigrations({ cluster }, as);
    const open = migrations.find(({ endTime }) => endTime === undefined);
    const migration = open ?? (await clusters.createStorageMigration({ cluster }, as));
    this.#running = migration.id;
    this.#see(migration);
  }

  #see({ id, state, errorCode, createTime }: StorageMigration): void {
    const before = this.#seen.get(id);
    if (before !== undefined && ended.includes(before) && before !== state)
      this.#wrong.push(`migration ${id} was ${StorageMigrationState[before]} and is ${StorageMigrationState[state]}`);
    this.#seen.set(id, state);
    if (!ended.includes(state)) return;
    if (id === this.#running) this.#running = undefined;
    if (state === StorageMigrationState.FAILED) this.#wrong.push(`migration ${id} failed: ${errorCode}`);
    if (state !== StorageMigrationState.SUCCEEDED || before === state || !createTime) return;
    const unwritten = this.api.unwrittenSince(timestampMs(createTime));
    if (unwritten.length > 0) this.#wrong.push(`migration ${id} succeeded without ${unwritten.join(', ')}`);
  }
}

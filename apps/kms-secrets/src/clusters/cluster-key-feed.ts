import type { MessageInitShape } from '@bufbuild/protobuf';
import type { ClusterKeySchema, WatchClusterKeysResponseSchema } from '@gabion/contracts/gabion/kms/v1/clusters_pb';
import { clusterKeyContext } from '@gabion/keys/cluster-key';
import { sealTo } from '@gabion/keys/hpke';
import { Fault } from '@gabion/rpc/fault';
import type { Clock } from '../area.ts';
import type { Database } from '../db/schema.ts';
import { type ClusterKeySet, type ClusterKeys, derivedKey } from './cluster-keys.ts';
import { clusterOf } from './cluster-store.ts';
import type { ClusterWatchers } from './cluster-watchers.ts';
import type { ClusterKeyNameRow } from './tables.ts';

/** How often a plugin hears something, changed or not. */
const heartbeatMs = 10_000;

/** The plugin that follows. */
export interface Follower {
  readonly cluster: string;
  readonly node: string;
  /** Raw X25519 public key. */
  readonly recipient: Uint8Array;
}

export interface FeedParts {
  readonly db: Database;
  readonly keys: ClusterKeys;
  readonly watchers: ClusterWatchers;
  readonly now: Clock;
}

type Message = MessageInitShape<typeof WatchClusterKeysResponseSchema>;

/** What one plugin is told of its cluster's keys, for as long as it follows. */
export class ClusterKeyFeed {
  readonly #told = new Set<string>();

  constructor(
    private readonly parts: FeedParts,
    private readonly follower: Follower,
  ) {}

  async *messages(signal: AbortSignal): AsyncGenerator<Message> {
    const { watchers, now } = this.parts;
    let before = '';
    let heard = 0;
    while (!signal.aborted) {
      const changed = watchers.next(signal);
      const { message, nextChange } = await this.#present();
      const said = JSON.stringify([message.keys?.map(({ kmsKeyId }) => kmsKeyId), message.primary, message.problem]);
      if (said !== before || performance.now() - heard >= heartbeatMs) {
        await this.#seen(message.primary ?? '');
        yield message;
        before = said;
        heard = performance.now();
      }
      const untilBeat = heartbeatMs - (performance.now() - heard);
      const untilChange = nextChange ? nextChange.getTime() - now().getTime() : heartbeatMs;
      await changed(Math.max(1, Math.min(untilBeat, untilChange)));
    }
  }

  /** A key that is not to be used is told; a service that cannot say throws. */
  async #present(): Promise<{ message: Message; nextChange?: Date | undefined }> {
    const { keys, db } = this.parts;
    const { cluster } = this.follower;
    const row = await clusterOf(db.kysely, cluster);
    const { is_suspended: isSuspended, grace_seconds: graceSeconds } = row;
    if (isSuspended) return this.#without({ graceSeconds, problem: 'suspended' });
    try {
      const set = await keys.setOf(row);
      const usable = await this.#sealed(set);
      if (!usable.some(({ kmsKeyId }) => kmsKeyId === set.primary.kms_key_id))
        return this.#without({ graceSeconds, problem: 'key_version_unusable' });
      const message = { graceSeconds, keys: usable, primary: set.primary.kms_key_id };
      return { message, nextChange: set.nextChange };
    } catch (error) {
      if (!(error instanceof Fault) || error.kind !== 'failed_precondition') throw error;
      return this.#without({ graceSeconds, problem: error.code });
    }
  }

  /** A message without keys, after which the plugin has none. */
  #without(message: Message): { message: Message } {
    this.#told.clear();
    return { message };
  }

  async #sealed({ names }: ClusterKeySet): Promise<MessageInitShape<typeof ClusterKeySchema>[]> {
    const sealed: MessageInitShape<typeof ClusterKeySchema>[] = [];
    const now = new Set<string>();
    for (const name of names) {
      const key = await this.#one(name);
      if (!key) continue;
      sealed.push(key);
      now.add(name.kms_key_id);
    }
    // One that was left out meanwhile was forgotten by the plugin too.
    for (const name of this.#told) if (!now.has(name)) this.#told.delete(name);
    return sealed;
  }

  async #one(name: ClusterKeyNameRow): Promise<MessageInitShape<typeof ClusterKeySchema> | undefined> {
    const { keys } = this.parts;
    const { cluster, node, recipient } = this.follower;
    const { kms_key_id: kmsKeyId, version } = name;
    const material = await keys.usable(name);
    if (!material) return undefined;
    if (this.#told.has(kmsKeyId)) return { kmsKeyId, version };
    const derived = derivedKey(material, name);
    try {
      const sealed = await sealTo(recipient, derived, clusterKeyContext({ cluster, node, kmsKeyId }));
      this.#told.add(kmsKeyId);
      return { kmsKeyId, version, sealed };
    } finally {
      derived.fill(0);
    }
  }

  async #seen(kmsKeyId: string): Promise<void> {
    const { db, now } = this.parts;
    const { cluster, node } = this.follower;
    const seen = { kms_key_id: kmsKeyId, last_seen_time: now() };
    await db.kysely
      .insertInto('cluster_plugins')
      .values({ cluster, node, ...seen, run_id: null, sequence: '0' })
      .onConflict((conflict) => conflict.columns(['cluster', 'node']).doUpdateSet(seen))
      .execute();
  }
}

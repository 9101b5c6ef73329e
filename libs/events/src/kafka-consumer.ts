import type { DescMessage } from '@bufbuild/protobuf';
import type { Topic } from '@gabion/contracts/topics';
import type { Database, Tx } from '@gabion/postgres/database';
import type { Logger } from '@gabion/telemetry/log';
import type { EachBatchPayload, Consumer as KafkaJsConsumer } from 'kafkajs';
import type { Consumer, Lag, Subscription } from './bus.ts';
import { beginAt, loadCursors, moveCursors, type StoredCursor, type Track } from './cursors.ts';
import type { StoredEvent } from './event.ts';
import { measure } from './event-metrics.ts';
import { type Delivery, Handling, isOfTheMoment } from './handling.ts';
import { unseen } from './inbox.ts';
import type { KafkaCluster } from './kafka-cluster.ts';
import { fromRecord } from './kafka-record.ts';
import { Pause } from './pause.ts';
import { Retrier } from './retrier.ts';

const heartbeatMs = 2_000;
const lookMs = 1_000;
const longestPauseMs = 5_000;

export interface KafkaContext {
  readonly db: Database;
  readonly cluster: KafkaCluster;
  readonly log: Logger;
  readonly topic: Topic;
  readonly maxParked: number;
}

/**
 * A member of a kafkajs group. Kafka divides the partitions; how far the group has come stands in its own database,
 * moves with the effects, and is what counts. The offsets committed to Kafka follow, for those who look there.
 */
export class KafkaConsumer implements Consumer {
  /** Resolves when the group has its cursors: at once, or when Kafka is there. */
  readonly begun: Promise<void>;
  readonly #context: KafkaContext;
  readonly #subscription: Subscription<DescMessage>;
  readonly #handling: Handling;
  readonly #retrier: Retrier;
  readonly #track: Track;
  readonly #measured: Disposable;
  readonly #pause = new Pause();
  readonly #watch: Promise<void>;
  #running: Promise<void>;
  #cursors = new Map<number, StoredCursor>();
  #consumer: KafkaJsConsumer | undefined;
  #isClosed = false;

  constructor(context: KafkaContext, subscription: Subscription<DescMessage>) {
    const { db, topic, log } = context;
    const { group, maxAttempts = 8 } = subscription;
    this.#context = context;
    this.#subscription = subscription;
    this.#track = { group, topic: topic.name, log: 'kafka' };
    this.#handling = new Handling(db, subscription, { topic: topic.name, log, onParked: () => this.#retrier.wake() });
    this.#retrier = new Retrier(db, this.#handling, { group, topic: topic.name, maxAttempts }, log);
    this.#measured = measure({
      topic: topic.name,
      group,
      lag: () => this.lag(),
      parkedCount: () => this.#handling.parked.count(db),
    });
    const begun = Promise.withResolvers<void>();
    this.begun = begun.promise;
    this.#running = this.#start(begun.resolve);
    this.#watch = this.#watchReplays();
  }

  async lag(): Promise<Lag> {
    const { db, topic, cluster } = this.#context;
    const [cursors, offsets] = await Promise.all([loadCursors(db, this.#track), cluster.offsets(topic.name)]);
    let events = 0;
    let oldest = Number.POSITIVE_INFINITY;
    for (const { partition, low, high } of offsets) {
      const cursor = cursors.get(partition);
      const behind = cursor && cursor.cursor.seq > low ? high - cursor.cursor.seq : high - low;
      if (behind <= 0n) continue;
      events += Number(behind);
      // Kafka does not tell the time of an event that was not fetched: that of the last one handled bounds it.
      if (cursor?.handledTime) oldest = Math.min(oldest, cursor.handledTime.getTime());
    }
    return { events, oldestAgeMs: events > 0 && Number.isFinite(oldest) ? Math.max(0, Date.now() - oldest) : 0 };
  }

  /** Looks at the parked events at once. */
  retry(): void {
    this.#retrier.wake();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    this.#measured[Symbol.dispose]();
    this.#pause.close();
    await this.#running;
    await this.#consumer?.disconnect().catch(() => {});
    await Promise.all([this.#watch, this.#retrier[Symbol.asyncDispose]()]);
  }

  /** Joins the group; tries for ever, since a Kafka that is away at the start comes like one that is away later. */
  async #start(begun: () => void): Promise<void> {
    for (let failures = 0; !this.#isClosed; failures++) {
      try {
        await this.#begin();
        begun();
        await this.#join();
        return;
      } catch (error) {
        if (failures === 1) this.#context.log.warn({ error, ...this.#track }, 'Kafka cannot be reached; trying again');
        await this.#consumer?.disconnect().catch(() => {});
        await this.#pause.wait(Math.min(100 * 2 ** Math.min(failures, 10), longestPauseMs));
      }
    }
    begun();
  }

  /** Makes the cursors of a group that is new. */
  async #begin(): Promise<void> {
    const { db, cluster, topic } = this.#context;
    await cluster.ensureTopic(topic);
    const stored = await loadCursors(db, this.#track);
    const offsets = await cluster.offsets(topic.name);
    if (offsets.every(({ partition }) => stored.has(partition))) return;
    // Partitions added to a topic that the group knows already hold nothing but new events.
    const isLatest = this.#subscription.from === 'latest' && stored.size === 0;
    const starts = offsets.map(({ partition, low, high }) => ({
      partition,
      cursor: { seq: isLatest ? high : low, open: [] },
    }));
    await beginAt(db, this.#track, starts);
  }

  async #join(): Promise<void> {
    const { cluster, topic } = this.#context;
    const consumer = cluster.kafka.consumer({
      groupId: this.#subscription.group,
      sessionTimeout: 10_000,
      rebalanceTimeout: 30_000,
      heartbeatInterval: heartbeatMs,
      maxWaitTimeInMs: 500,
      // What is in memory at a time, next to the one event that is larger.
      maxBytesPerPartition: 1024 * 1024,
      maxBytes: 4 * 1024 * 1024,
      retry: { initialRetryTime: 200, maxRetryTime: 5_000, retries: 5, restartOnFailure: async () => !this.#isClosed },
    });
    this.#consumer = consumer;
    consumer.on(consumer.events.GROUP_JOIN, () => this.#cursors.clear());
    consumer.on(consumer.events.CRASH, ({ payload }) => {
      // kafkajs restarts after what it holds to be passing, and gives up for good after anything else.
      if (payload.restart || this.#isClosed) return;
      this.#context.log.warn({ error: payload.error, ...this.#track }, 'the Kafka consumer crashed; starting another');
      this.#running = this.#pause.wait(1_000).then(() => this.#start(() => {}));
    });
    await consumer.connect();
    await consumer.subscribe({ topics: [topic.name], fromBeginning: true });
    await consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      partitionsConsumedConcurrently: 4,
      eachBatch: (payload) => this.#take(consumer, payload),
    });
  }

  async #take(consumer: KafkaJsConsumer, payload: EachBatchPayload): Promise<void> {
    const { batch, heartbeat, isRunning, isStale, resolveOffset } = payload;
    const { partition } = batch;
    // Handlers may take longer than the session lasts; kafkajs beats only between batches.
    let lost: unknown;
    const beat = setInterval(() => heartbeat().catch((error: unknown) => (lost ??= error)), heartbeatMs);
    try {
      const cursor = await this.#cursorOf(partition);
      if (!cursor || this.#seekBack(consumer, batch.topic, cursor, BigInt(batch.firstOffset()!))) return;
      const events = batch.messages
        .map((message) => fromRecord(batch.topic, partition, message))
        .filter((event) => event.position >= cursor.cursor.seq);
      const size = this.#subscription.batch ?? 100;
      for (let at = 0; at < events.length; at += size) {
        const some = events.slice(at, at + size);
        if (!(await this.#handle(some, () => isRunning() && !isStale() && !lost && !this.#isClosed))) break;
        const last = some.at(-1)!.position;
        resolveOffset(`${last}`);
        await consumer.commitOffsets([{ topic: batch.topic, partition, offset: `${last + 1n}` }]).catch(() => {});
      }
      if (events.length === 0) resolveOffset(batch.lastOffset());
    } finally {
      clearInterval(beat);
    }
    // kafkajs joins the group again when it hears that this member was left out.
    if (lost) throw lost;
  }

  /** Handles events until it is done or someone else's turn: a server that is away is waited for in place. */
  async #handle(events: readonly StoredEvent[], isMine: () => boolean): Promise<boolean> {
    for (let failures = 0; isMine(); failures++) {
      try {
        await this.#roomForParked(isMine);
        const rest = new RecordDelivery(this.#track, events, this.#cursors);
        if (rest.events.length > 0) await this.#handling.take(rest);
        return true;
      } catch (error) {
        this.#cursors.delete(events[0]!.partition);
        if (isMoved(error)) return false;
        if (failures === 1) this.#context.log.warn({ error, ...this.#track }, 'events cannot be taken; trying again');
        if (!isOfTheMoment(error)) throw error;
        await this.#pause.wait(Math.min(50 * 2 ** Math.min(failures, 10), longestPauseMs));
        if ((await this.#cursorOf(events[0]!.partition).catch(() => undefined)) === undefined) continue;
      }
    }
    return false;
  }

  async #roomForParked(isMine: () => boolean): Promise<void> {
    const { db, maxParked } = this.#context;
    while (isMine() && this.#retrier.isBusy && (await this.#handling.parked.count(db)) >= maxParked) {
      await this.#pause.wait(lookMs);
    }
  }

  async #cursorOf(partition: number): Promise<StoredCursor | undefined> {
    const known = this.#cursors.get(partition);
    if (known) return known;
    const stored = (await loadCursors(this.#context.db, this.#track)).get(partition);
    if (stored) this.#cursors.set(partition, stored);
    return stored;
  }

  readonly #soughtVersions = new Map<number, bigint>();

  /** The cursor is before what Kafka delivers: after a replay, or a lost offset. Once per version, for what Kafka deleted. */
  #seekBack(
    consumer: KafkaJsConsumer,
    topic: string,
    { partition, cursor, version }: StoredCursor,
    first: bigint,
  ): boolean {
    if (cursor.seq >= first || this.#soughtVersions.get(partition) === version) return false;
    this.#soughtVersions.set(partition, version);
    consumer.seek({ topic, partition, offset: `${cursor.seq}` });
    return true;
  }

  /** Notices that cursors were moved from outside while no events arrive. */
  async #watchReplays(): Promise<void> {
    while (!this.#isClosed) {
      await this.#pause.wait(lookMs);
      if (this.#isClosed || !this.#consumer) continue;
      try {
        const stored = await loadCursors(this.#context.db, this.#track);
        for (const [partition, { version, cursor }] of stored) {
          const known = this.#cursors.get(partition);
          if (!known || known.version >= version || cursor.seq >= known.cursor.seq) continue;
          this.#cursors.delete(partition);
          this.#consumer.seek({ topic: this.#track.topic, partition, offset: `${cursor.seq}` });
        }
      } catch {
        // The next look comes in a second.
      }
    }
  }
}

/** A run of Kafka records of one partition. */
class RecordDelivery implements Delivery {
  readonly events: readonly StoredEvent[];
  readonly #track: Track;
  readonly #cursors: Map<number, StoredCursor>;
  #done = 0;

  constructor(track: Track, events: readonly StoredEvent[], cursors: Map<number, StoredCursor>) {
    this.#track = track;
    this.#cursors = cursors;
    const from = cursors.get(events[0]!.partition)?.cursor.seq ?? 0n;
    this.events = events.filter((event) => event.position >= from);
  }

  async move(tx: Tx, count: number): Promise<readonly StoredEvent[]> {
    const taken = this.events.slice(this.#done, this.#done + count);
    await moveCursors(tx, this.#track, [this.#next(count)]);
    return unseen(tx, this.#track.group, taken);
  }

  moved(count: number): void {
    const next = this.#next(count);
    this.#cursors.set(next.partition, { ...next, version: next.version + 1n });
    this.#done += count;
  }

  #next(count: number) {
    const last = this.events[this.#done + count - 1]!;
    // None when the group was joined anew meanwhile: a version that no row has makes the move fail.
    const version = this.#cursors.get(last.partition)?.version ?? -1n;
    return {
      partition: last.partition,
      cursor: { seq: last.position + 1n, open: [] },
      version,
      handledTime: last.time,
    };
  }
}

function isMoved(error: unknown): boolean {
  return error instanceof Error && (error as { code?: unknown }).code === 'cursor_moved';
}

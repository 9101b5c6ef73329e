import type { DescMessage } from '@bufbuild/protobuf';
import type { Bus, BusOptions, Consumer, ReplayFrom, Subscription } from './bus.ts';
import { loadCursors, resetCursors } from './cursors.ts';
import { EventsError } from './events-error.ts';
import { keepClean } from './housekeeping.ts';
import { forget } from './inbox.ts';
import { KafkaCluster, type KafkaConfig } from './kafka-cluster.ts';
import { KafkaConsumer } from './kafka-consumer.ts';
import { Leases } from './leases.ts';
import { Outbox, register } from './outbox.ts';
import { Parked } from './parked.ts';
import { cachedTopicOf } from './publish.ts';
import { relayGroup } from './refusal.ts';
import { Relay } from './relay.ts';

const defaultEventBytes = 1024 * 1024;

/** The bus over Kafka: a relay ships the outbox, groups of kafkajs consume. */
export class KafkaBus implements Bus {
  readonly #options: BusOptions;
  readonly #cluster: KafkaCluster;
  readonly #outbox: Outbox;
  readonly #leases: Leases;
  readonly #relay: Relay;
  readonly #janitor: AsyncDisposable;
  readonly #consumers = new Set<KafkaConsumer>();

  static open(options: BusOptions, config: KafkaConfig): KafkaBus {
    return new KafkaBus(options, config);
  }

  private constructor(options: BusOptions, config: KafkaConfig) {
    const { db, service, log, limits = {} } = options;
    const maxEventBytes = limits.maxEventBytes ?? defaultEventBytes;
    this.#options = options;
    this.#cluster = new KafkaCluster(config, service, log, maxEventBytes);
    this.#outbox = new Outbox(db, service, log, maxEventBytes);
    register(db, this.#outbox);
    this.#leases = new Leases(db, log);
    this.#relay = new Relay({
      db,
      cluster: this.#cluster,
      leases: this.#leases,
      outbox: this.#outbox,
      log,
      maxOutboxEvents: limits.maxOutboxEvents ?? 1_000_000,
    });
    this.#janitor = keepClean(db, log, limits, true);
  }

  async consume<D extends DescMessage>(subscription: Subscription<D>): Promise<Consumer> {
    const { db, log, limits } = this.#options;
    const topic = cachedTopicOf(subscription.schema);
    const consumer = new KafkaConsumer(
      { db, log, topic, cluster: this.#cluster, maxParked: limits?.maxParkedEvents ?? 10_000 },
      subscription as unknown as Subscription<DescMessage>,
    );
    this.#consumers.add(consumer);
    // A group from `latest` that begins when this returns misses nothing published afterwards. Only a Kafka that is
    // away is not waited for.
    await Promise.race([consumer.begun, new Promise((resolve) => setTimeout(resolve, 5_000).unref())]);
    return consumer;
  }

  async replay(group: string, schema: DescMessage, from: ReplayFrom): Promise<void> {
    const { db } = this.#options;
    const topic = cachedTopicOf(schema).name;
    const track = { group, topic, log: 'kafka' };
    const known = [...(await loadCursors(db, track)).keys()];
    if (known.length === 0) throw new EventsError('group_unknown', `${group} has never read ${topic}`);
    const starts =
      'time' in from
        ? await this.#cluster.offsetsAt(topic, from.time)
        : known
            .filter((partition) => from.partition === undefined || from.partition === partition)
            .map((partition) => ({ partition, offset: from.offset }));
    await db.transaction(async (tx) => {
      for (const { partition, offset } of starts) {
        // The cursor first: it waits for the transaction at hand, whose events are then forgotten too.
        await resetCursors(tx, track, [partition], { seq: offset, open: [] });
        await forget(tx, { group, topic, partition, position: offset });
      }
    });
  }

  deadLetters(group: string, schema: DescMessage, page: { after?: bigint; limit?: number } = {}) {
    return new Parked(group, cachedTopicOf(schema).name).deadLetters(this.#options.db, page);
  }

  async redrive(group: string, schema: DescMessage, ids?: readonly string[]) {
    const parked = new Parked(group, cachedTopicOf(schema).name);
    const count = await this.#options.db.transaction((tx) =>
      group === relayGroup ? parked.republish(tx, ids) : parked.redrive(tx, ids),
    );
    for (const consumer of this.#consumers) consumer.retry();
    return count;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#consumers].map((consumer) => consumer[Symbol.asyncDispose]()));
    await this.#relay[Symbol.asyncDispose]();
    await Promise.all([this.#leases, this.#janitor, this.#outbox].map((part) => part[Symbol.asyncDispose]()));
    await this.#cluster[Symbol.asyncDispose]();
  }
}

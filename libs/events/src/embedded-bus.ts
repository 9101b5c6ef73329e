import type { DescMessage } from '@bufbuild/protobuf';
import type { Topic } from '@gabion/contracts/topics';
import type { Bus, BusConfig, BusOptions, Consumer, ReplayFrom, Subscription } from './bus.ts';
import { resetCursors } from './cursors.ts';
import { EmbeddedConsumer, type Source } from './embedded-consumer.ts';
import { EventsError } from './events-error.ts';
import { keepClean } from './housekeeping.ts';
import { Leases } from './leases.ts';
import { before } from './log-reader.ts';
import { type ForeignLog, openLog } from './logs.ts';
import { Outbox, register } from './outbox.ts';
import { Parked } from './parked.ts';
import { cachedTopicOf } from './publish.ts';

/** The bus of one machine: consumers read the logs of the publishing services in PostgreSQL. */
export class EmbeddedBus implements Bus {
  readonly #options: BusOptions;
  readonly #logs: Readonly<Record<string, string>>;
  readonly #open = new Map<string, ForeignLog & AsyncDisposable>();
  readonly #leases: Leases;
  readonly #outbox: Outbox;
  readonly #janitor: AsyncDisposable;
  readonly #consumers = new Set<EmbeddedConsumer>();

  static open(options: BusOptions, config: BusConfig & { kind: 'postgres' }): EmbeddedBus {
    return new EmbeddedBus(options, config.logs);
  }

  private constructor(options: BusOptions, logs: Readonly<Record<string, string>>) {
    const { db, service, log, limits = {} } = options;
    this.#options = options;
    this.#logs = logs;
    this.#leases = new Leases(db, log);
    this.#outbox = new Outbox(db, service, log, limits.maxEventBytes);
    register(db, this.#outbox);
    this.#janitor = keepClean(db, log, limits, false);
  }

  async consume<D extends DescMessage>(subscription: Subscription<D>): Promise<Consumer> {
    const { db, log, limits } = this.#options;
    const topic = cachedTopicOf(subscription.schema);
    const consumer = new EmbeddedConsumer(
      {
        db,
        log,
        topic,
        leases: this.#leases,
        sources: this.#sourcesOf(topic),
        maxParked: limits?.maxParkedEvents ?? 10_000,
      },
      subscription as unknown as Subscription<DescMessage>,
    );
    this.#consumers.add(consumer);
    await consumer.begun;
    return consumer;
  }

  async replay(group: string, schema: DescMessage, from: ReplayFrom): Promise<void> {
    const topic = cachedTopicOf(schema);
    const named = 'offset' in from ? from.log : undefined;
    const sources = this.#sourcesOf(topic).filter((source) => !named || source.name === named);
    let moved = 0;
    for (const source of sources) {
      const cursor =
        'time' in from ? await before(source.log.db, topic.name, from.time) : { seq: from.offset - 1n, open: [] };
      const partitions = 'offset' in from && from.partition !== undefined ? [from.partition] : undefined;
      moved += await this.#options.db.transaction((tx) =>
        resetCursors(tx, { group, topic: topic.name, log: source.name }, partitions, cursor),
      );
    }
    if (moved === 0) throw new EventsError('group_unknown', `${group} has never read ${topic.name}`);
  }

  deadLetters(group: string, schema: DescMessage, page: { after?: bigint; limit?: number } = {}) {
    return new Parked(group, cachedTopicOf(schema).name).deadLetters(this.#options.db, page);
  }

  async redrive(group: string, schema: DescMessage, ids?: readonly string[]) {
    const parked = new Parked(group, cachedTopicOf(schema).name);
    const count = await this.#options.db.transaction((tx) => parked.redrive(tx, ids));
    for (const consumer of this.#consumers) consumer.retry();
    return count;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#consumers].map((consumer) => consumer[Symbol.asyncDispose]()));
    await Promise.all([this.#leases, this.#janitor, this.#outbox].map((part) => part[Symbol.asyncDispose]()));
    await Promise.all([...this.#open.values()].map((log) => log[Symbol.asyncDispose]()));
  }

  /** Where a topic is published: its owner's log, or every log. */
  #sourcesOf(topic: Topic): Source[] {
    const names = topic.owner === '*' ? Object.keys(this.#logs) : [topic.owner];
    return names.map((name) => {
      const url = this.#logs[name];
      if (!url) throw new EventsError('source_unknown', `no log is configured for ${name}, which owns ${topic.name}`);
      const log = this.#open.get(name) ?? openLog(url);
      this.#open.set(name, log);
      return { name, log };
    });
  }
}

import { events } from '@gabion/contracts/services';
import type { Database } from '@gabion/postgres/database';
import type { Logger } from '@gabion/telemetry/log';
import kafkajs, { type Producer } from 'kafkajs';
import { sql } from 'kysely';
import { isDeadLetterTopic, type StoredEvent } from './event.ts';
import { deadLettered } from './event-metrics.ts';
import { reasonOf } from './handling.ts';
import { retentionDaysOf } from './housekeeping.ts';
import type { KafkaCluster, WantedTopic } from './kafka-cluster.ts';
import { toRecord } from './kafka-record.ts';
import type { Leases, Share } from './leases.ts';
import { afterNothing, afterPage, type LogCursor } from './log-cursor.ts';
import { readPage } from './log-reader.ts';
import type { Outbox } from './outbox.ts';
import { Parked } from './parked.ts';
import { partitionOf } from './partition.ts';
import { Pause } from './pause.ts';
import { cachedTopicOf } from './publish.ts';
import { isTooLarge, relayGroup } from './refusal.ts';
import { loadRelay, saveRelay } from './relay-cursor.ts';

const pollMs = 1_000;
const longestPauseMs = 10_000;
const pageRows = 1_000;

export interface RelayContext {
  readonly db: Database;
  readonly cluster: KafkaCluster;
  readonly leases: Leases;
  readonly outbox: Outbox;
  readonly log: Logger;
  readonly maxOutboxEvents: number;
}

/**
 * Ships `events.log` to Kafka in its order: one relay at a time per database, rows stay until Kafka has them. What is
 * sent again after a failure carries the same id, and the inbox of the consumer lets it pass once.
 */
export class Relay implements AsyncDisposable {
  readonly #context: RelayContext;
  readonly #pause = new Pause();
  readonly #rest = new Pause();
  readonly #share: Share;
  readonly #onCommit: Disposable;
  readonly #running: Promise<void>;
  #producer: Producer | undefined;
  #measuredAt = 0;
  #isClosed = false;

  constructor(context: RelayContext) {
    this.#context = context;
    this.#onCommit = context.outbox.onCommit(() => this.#pause.end());
    this.#share = context.leases.join('relay', 1, () => this.#pause.end());
    this.#running = this.#run();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    this.#onCommit[Symbol.dispose]();
    this.#pause.close();
    this.#rest.close();
    await this.#running;
    this.#context.leases.leave(this.#share);
    await this.#dropProducer();
  }

  async #run(): Promise<void> {
    let cursor: LogCursor | undefined;
    let failures = 0;
    while (!this.#isClosed) {
      try {
        await this.#measureBacklog();
        if (this.#share.owned.size === 0) {
          cursor = undefined;
          await this.#pause.wait(pollMs * 2);
          continue;
        }
        cursor = await this.#ship(cursor ?? (await loadRelay(this.#context.db)));
        if (failures > 1) this.#context.log.info('events are shipped again');
        failures = 0;
      } catch (error) {
        cursor = undefined;
        failures++;
        // One line for an outage, not one for each attempt.
        if (failures === 2)
          this.#context.log.warn({ error }, 'events cannot be shipped to Kafka; they wait in the outbox');
        await this.#dropProducer();
        await this.#rest.wait(Math.min(50 * 2 ** Math.min(failures, 12), longestPauseMs));
      }
    }
  }

  async #ship(cursor: LogCursor): Promise<LogCursor> {
    const { db, outbox } = this.#context;
    const page = await readPage(db, undefined, [{ partition: 0, cursor }], {
      rows: pageRows,
      bytes: outbox.maxEventBytes,
    });
    const last = page.events.at(-1)?.position;
    if (last === undefined) {
      await this.#pause.wait(pollMs);
      return afterNothing(cursor, page.snapshot);
    }
    const refused = await this.#deliver(page.events);
    const { snapshot, next, cut } = page;
    const shipped = afterPage(cursor, { snapshot, next, last, cut });
    if (refused.length === 0) await saveRelay(db.kysely, shipped);
    else await this.#giveUp(refused, shipped);
    return shipped;
  }

  /** Sends events in their order; answers those that the broker refuses for their size, found by halving. */
  async #deliver(batch: readonly StoredEvent[]): Promise<readonly Refused[]> {
    try {
      await this.#send(batch);
      return [];
    } catch (error) {
      if (!isTooLarge(error)) throw error;
      await this.#dropProducer();
      if (batch.length === 1) return [{ event: batch[0]!, reason: reasonOf(error) }];
      const half = batch.length >> 1;
      return [...(await this.#deliver(batch.slice(0, half))), ...(await this.#deliver(batch.slice(half)))];
    }
  }

  async #giveUp(refused: readonly Refused[], shipped: LogCursor): Promise<void> {
    const { db, log } = this.#context;
    await db.transaction(async (tx) => {
      for (const { event, reason } of refused) {
        // A dead letter that is too large stands in the database of its group already.
        if (!isDeadLetterTopic(event.topic)) await new Parked(relayGroup, event.topic).deadLetter(tx, event, 1, reason);
      }
      await saveRelay(tx, shipped);
    });
    for (const { event, reason } of refused) {
      const { topic, id } = event;
      deadLettered.inc({ topic, group: relayGroup });
      log.error({ topic, id, reason, bytes: event.body.length }, 'Kafka refuses an event; it is a dead letter');
    }
    this.#pause.end();
  }

  async #send(batch: readonly StoredEvent[]): Promise<void> {
    const byTopic = Map.groupBy(batch, (event) => event.topic);
    for (const topic of byTopic.keys()) await this.#context.cluster.ensureTopic(wantedTopic(topic));
    this.#producer ??= await this.#connect();
    await this.#producer.sendBatch({
      acks: -1,
      compression: kafkajs.CompressionTypes.GZIP,
      topicMessages: [...byTopic].map(([topic, some]) => ({ topic, messages: some.map(toRecord) })),
    });
  }

  async #connect(): Promise<Producer> {
    const producer = this.#context.cluster.kafka.producer({
      // A fresh producer after each failure: kafkajs loses count of its sequence numbers when a batch fails.
      idempotent: true,
      maxInFlightRequests: 1,
      allowAutoTopicCreation: false,
      // That of kafkajs is the same function, but takes quadratic time: its numbers are never cut to 64 bits.
      createPartitioner:
        () =>
        ({ partitionMetadata, message }) =>
          partitionOf(String(message.key), partitionMetadata.length),
      retry: { initialRetryTime: 100, maxRetryTime: 2_000, retries: 3 },
    });
    await producer.connect();
    return producer;
  }

  async #dropProducer(): Promise<void> {
    const producer = this.#producer;
    this.#producer = undefined;
    await producer?.disconnect().catch(() => {});
  }

  async #measureBacklog(): Promise<void> {
    if (Date.now() - this.#measuredAt < pollMs) return;
    this.#measuredAt = Date.now();
    const { db, outbox, maxOutboxEvents } = this.#context;
    const { rows } = await sql<{ waiting: string }>`
      select coalesce((select max(seq) from events.log), 0) - position as waiting from events.relay`.execute(db.kysely);
    outbox.isFull = Number(rows[0]!.waiting) >= maxOutboxEvents;
  }
}

/** An event that the broker will never take, and what it said. */
interface Refused {
  readonly event: StoredEvent;
  readonly reason: string;
}

/** A topic of the contract or its dead letters, with what the contract says; 8 partitions for one it does not know. */
function wantedTopic(name: string): WantedTopic {
  const of = name.replace(/\.dead-letter$/, '');
  const schema = events.find((each) => cachedTopicOf(each).name === of);
  return { name, partitions: schema ? cachedTopicOf(schema).partitions : 8, retentionDays: retentionDaysOf(name) };
}

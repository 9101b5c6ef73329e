import type { DescMessage } from '@bufbuild/protobuf';
import type { Database, Tx } from '@gabion/postgres/database';
import { PostgresError } from '@gabion/postgres/postgres-error';
import type { Logger } from '@gabion/telemetry/log';
import { SpanKind, span, withTraceparent } from '@gabion/telemetry/tracing';
import type { Subscription } from './bus.ts';
import { decode, type StoredEvent } from './event.ts';
import { countConsumed } from './event-metrics.ts';
import { EventsError } from './events-error.ts';
import { Parked } from './parked.ts';

/** A run of events from one transport, and the cursor that moves with them. */
export interface Delivery {
  readonly events: readonly StoredEvent[];
  /** Moves the cursor past `count` further events inside `tx`; answers those of them that were not handled before. */
  move(tx: Tx, count: number): Promise<readonly StoredEvent[]>;
  /** The move has been committed. */
  moved(count: number): void;
}

/** Takes deliveries of one subscription into transactions: all in one, and one by one where that fails. */
export class Handling {
  readonly parked: Parked;
  readonly #db: Database;
  readonly #subscription: Subscription<DescMessage>;
  readonly #topic: string;
  readonly #log: Logger;
  readonly #onParked: () => void;

  constructor(
    db: Database,
    subscription: Subscription<DescMessage>,
    where: { topic: string; log: Logger; onParked: () => void },
  ) {
    this.parked = new Parked(subscription.group, where.topic);
    this.#db = db;
    this.#subscription = subscription;
    this.#topic = where.topic;
    this.#log = where.log;
    this.#onParked = where.onParked;
  }

  /** Resolves when every event is handled or parked; throws when the cursor moved or a server is not there. */
  async take(delivery: Delivery): Promise<void> {
    if (delivery.events.length > 1) {
      try {
        await this.#commit(delivery, delivery.events.length);
        return;
      } catch (error) {
        if (isOfTheMoment(error)) throw error;
      }
    }
    // One of them fails: alone, each does or does not by itself, and the failing ones step aside.
    for (const stored of delivery.events) {
      try {
        await this.#commit(delivery, 1);
      } catch (error) {
        if (isOfTheMoment(error)) throw error;
        await this.#stepAside(delivery, stored, error);
      }
    }
  }

  /** Runs the handler on one event, as a continuation of the trace that published it. */
  async handle(stored: StoredEvent, attempt: number, tx: Tx): Promise<void> {
    const { group, schema, handle } = this.#subscription;
    const event = decode(schema, stored, attempt);
    const attributes = {
      'messaging.system': 'gabion',
      'messaging.destination.name': stored.topic,
      'messaging.consumer.group.name': group,
      'messaging.message.id': stored.id,
    };
    await withTraceparent(stored.headers.traceparent, () =>
      span(`process ${stored.topic}`, { kind: SpanKind.CONSUMER, attributes }, () => handle(event, tx)),
    );
  }

  backoffMs(attempts: number): number {
    const { firstMs, mostMs } = this.#subscription.backoff ?? { firstMs: 1_000, mostMs: 300_000 };
    // Half of it is chance, or keys that failed together would come back together.
    return Math.min(firstMs * 2 ** (attempts - 1), mostMs) * (0.75 + Math.random() / 2);
  }

  async #commit(delivery: Delivery, count: number): Promise<void> {
    const counts = await this.#db.transaction(async (tx) => {
      const fresh = await delivery.move(tx, count);
      const waiting =
        fresh.length === 0
          ? new Set()
          : await this.parked.keysAmong(
              tx,
              fresh.map(({ key }) => key),
            );
      for (const stored of fresh) {
        if (waiting.has(stored.key)) await this.parked.park(tx, stored);
        else await this.handle(stored, 1, tx);
      }
      const parked = fresh.filter(({ key }) => waiting.has(key)).length;
      return { handled: fresh.length - parked, parked, duplicate: count - fresh.length };
    });
    delivery.moved(count);
    for (const outcome of ['handled', 'parked', 'duplicate'] as const) {
      countConsumed(this.#topic, this.#subscription.group, outcome, counts[outcome]);
    }
    if (counts.parked > 0) this.#onParked();
  }

  async #stepAside(delivery: Delivery, stored: StoredEvent, error: unknown): Promise<void> {
    const { group } = this.#subscription;
    await this.#db.transaction(async (tx) => {
      await delivery.move(tx, 1);
      await this.parked.park(tx, stored, { reason: reasonOf(error), delayMs: this.backoffMs(1) });
    });
    delivery.moved(1);
    countConsumed(this.#topic, group, 'failed', 1);
    this.#log.warn(
      { error, topic: this.#topic, group, id: stored.id },
      'event failed; it is parked for another attempt',
    );
    this.#onParked();
  }
}

const ofTheMoment = new Set<string>([
  'unavailable',
  'connection_lost',
  'commit_unknown',
  'pool_exhausted',
  'conflict',
  'disk_full',
  'cursor_moved',
]);

/** Whether the error says something about a server or a rival, not about the event: the same delivery is tried again. */
export function isOfTheMoment(error: unknown): boolean {
  return (error instanceof PostgresError || error instanceof EventsError) && ofTheMoment.has(error.code);
}

/** What a person reads beside a parked event or dead letter. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code } = error as { code?: unknown };
  return `${error.name}${typeof code === 'string' ? ` (${code})` : ''}: ${error.message}`;
}

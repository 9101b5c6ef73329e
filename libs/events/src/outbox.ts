import type { Database, Tx } from '@gabion/postgres/database';
import type { Logger } from '@gabion/telemetry/log';
import { sql } from 'kysely';

/** The channel of NOTIFY; the payload names topics. */
export const wakeChannel = 'gabion_events';

const quietMs = 10;

/** What `publish` needs to know of the database it writes to; made by `openBus`. */
export class Outbox implements AsyncDisposable {
  readonly source: string;
  readonly service: string;
  readonly maxEventBytes: number;
  /** Whether more events wait for Kafka than may. */
  isFull = false;
  readonly #db: Database;
  readonly #log: Logger;
  readonly #committed = new Set<string>();
  readonly #listeners = new Set<() => void>();
  #timer: NodeJS.Timeout | undefined;
  #sending: Promise<void> | undefined;
  #lastAt = 0;

  constructor(db: Database, service: string, log: Logger, maxEventBytes = 1024 * 1024) {
    this.#db = db;
    this.service = service;
    this.source = `/gabion/${service}`;
    this.#log = log;
    this.maxEventBytes = maxEventBytes;
  }

  /** Has `run` called when something was committed in this process. */
  onCommit(run: () => void): Disposable {
    this.#listeners.add(run);
    return { [Symbol.dispose]: () => void this.#listeners.delete(run) };
  }

  /**
   * Wakes consumers: at once, then at most every 10 ms. Never inside the publishing transaction: NOTIFY takes a lock of
   * the whole server at commit, which halves the rate of commits.
   */
  committed(topic: string): void {
    this.#committed.add(topic);
    for (const run of this.#listeners) run();
    if (this.#timer || this.#sending) return;
    const waitMs = this.#lastAt + quietMs - Date.now();
    if (waitMs <= 0) this.#send();
    else this.#timer = setTimeout(() => this.#send(), waitMs);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#timer) this.#send();
    await this.#sending;
  }

  #send(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const topics = [...this.#committed].join(',');
    this.#committed.clear();
    this.#lastAt = Date.now();
    // A wake-up that is lost costs a consumer at most the second until it looks by itself.
    this.#sending = sql`select pg_notify(${wakeChannel}, ${topics.slice(0, 7_000)})`
      .execute(this.#db.kysely)
      .then(
        () => {},
        (error: unknown) => this.#log.debug({ error }, 'consumers could not be woken'),
      )
      .then(() => {
        this.#sending = undefined;
        if (this.#committed.size > 0 && !this.#timer) this.#timer = setTimeout(() => this.#send(), quietMs);
      });
  }
}

/** Outboxes by the adapter of their Kysely: the one object that a transaction shares with the database it came from. */
const outboxes = new WeakMap<object, Outbox>();

/** Makes `outbox` the one of transactions of `db`. */
export function register(db: Database, outbox: Outbox): void {
  outboxes.set(db.kysely.getExecutor().adapter, outbox);
}

/** The outbox of the database that `tx` belongs to, when a bus was opened on it. */
export function outboxOf(tx: Tx): Outbox | undefined {
  return outboxes.get(tx.getExecutor().adapter);
}

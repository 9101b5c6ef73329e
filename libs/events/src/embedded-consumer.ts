import type { DescMessage } from '@bufbuild/protobuf';
import type { Topic } from '@gabion/contracts/topics';
import type { Database, Tx } from '@gabion/postgres/database';
import type { Logger } from '@gabion/telemetry/log';
import type { Consumer, Lag, Subscription } from './bus.ts';
import { beginAt, type CursorMove, loadCursors, moveCursors, type StoredCursor, type Track } from './cursors.ts';
import { measure } from './event-metrics.ts';
import { type Delivery, Handling, isOfTheMoment } from './handling.ts';
import type { Leases, Share } from './leases.ts';
import { afterNothing, afterPage, beginning } from './log-cursor.ts';
import { type LogPage, lagBehind, latest, readPage } from './log-reader.ts';
import type { ForeignLog } from './logs.ts';
import { Pause } from './pause.ts';
import { Retrier } from './retrier.ts';

const pollMs = 1_000;
const pageBytes = 8 * 1024 * 1024;

/** One log that a consumer reads. */
export interface Source {
  readonly name: string;
  readonly log: ForeignLog;
}

export interface EmbeddedContext {
  readonly db: Database;
  readonly leases: Leases;
  readonly log: Logger;
  readonly topic: Topic;
  readonly sources: readonly Source[];
  readonly maxParked: number;
}

/** Reads the logs of the publishing services, each in its own loop, and fetches only what it has handled room for. */
export class EmbeddedConsumer implements Consumer {
  readonly #context: EmbeddedContext;
  readonly #subscription: Subscription<DescMessage>;
  readonly #handling: Handling;
  readonly #retrier: Retrier;
  readonly #share: Share;
  readonly #stack = new DisposableStack();
  readonly #pauses: readonly Pause[];
  readonly #pumps: readonly Promise<void>[];
  /** Resolves when the group has its cursors, as far as the logs can be read; a new one reads from there on. */
  readonly begun: Promise<unknown>;
  #isClosed = false;

  constructor(context: EmbeddedContext, subscription: Subscription<DescMessage>) {
    const { db, topic, log, sources } = context;
    const { group, maxAttempts = 8 } = subscription;
    this.#context = context;
    this.#subscription = subscription;
    this.#handling = new Handling(db, subscription, { topic: topic.name, log, onParked: () => this.#retrier.wake() });
    this.#retrier = new Retrier(db, this.#handling, { group, topic: topic.name, maxAttempts }, log);
    this.#pauses = sources.map(() => new Pause());
    const wakeAll = () => {
      for (const pause of this.#pauses) pause.end();
    };
    this.#share = context.leases.join(`${group}|${topic.name}`, topic.partitions, wakeAll);
    this.#stack.use(
      measure({ topic: topic.name, group, lag: () => this.lag(), parkedCount: () => this.#handling.parked.count(db) }),
    );
    this.begun = Promise.all(sources.map((source) => this.#cursors(source, new Set()).catch(() => {})));
    this.#pumps = sources.map((source, index) => {
      const pause = this.#pauses[index]!;
      this.#stack.use(source.log.onPublished(topic.name, () => pause.end()));
      return this.#pump(source, pause);
    });
  }

  async lag(): Promise<Lag> {
    const { db, topic, sources } = this.#context;
    const behind = await Promise.all(
      sources.map(async (source) => {
        const cursors = await loadCursors(db, this.#track(source));
        // A log that no one of the group could read yet has an unknown lag; what it holds will be handled all the same.
        if (cursors.size === 0) return { events: 0, oldest: undefined };
        return lagBehind(source.log.db, topic.name, [...cursors.values()]);
      }),
    );
    const oldest = behind.flatMap((one) => (one.oldest ? [one.oldest.getTime()] : []));
    return {
      events: behind.reduce((sum, one) => sum + one.events, 0),
      oldestAgeMs: oldest.length === 0 ? 0 : Math.max(0, Date.now() - Math.min(...oldest)),
    };
  }

  /** Looks at the parked events at once. */
  retry(): void {
    this.#retrier.wake();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    this.#stack.dispose();
    for (const pause of this.#pauses) pause.close();
    await Promise.all([...this.#pumps, this.#retrier[Symbol.asyncDispose]()]);
    this.#context.leases.leave(this.#share);
  }

  #track(source: Source): Track {
    return { group: this.#subscription.group, topic: this.#context.topic.name, log: source.name };
  }

  async #pump(source: Source, pause: Pause): Promise<void> {
    let cursors: Map<number, StoredCursor> | undefined;
    let owned: ReadonlySet<number> | undefined;
    let failures = 0;
    while (!this.#isClosed) {
      try {
        if (this.#share.owned.size === 0) {
          await pause.wait(pollMs * 5);
          continue;
        }
        if (!cursors || owned !== this.#share.owned) {
          owned = this.#share.owned;
          cursors = await this.#cursors(source, owned);
        }
        const { count, isMore } = await this.#once(source, cursors);
        failures = 0;
        if (count === 0 || !isMore) await pause.wait(count === 0 ? pollMs : 0);
        // A replay by another process moves cursors without a sound: an idle moment is the time to look.
        if (count === 0) cursors = undefined;
      } catch (error) {
        cursors = undefined;
        failures++;
        if (failures === 1 && !isOfTheMoment(error) && !isNotThereYet(error)) {
          this.#context.log.warn({ error, ...this.#track(source) }, 'events cannot be taken; trying again');
        }
        await pause.wait(Math.min(20 * 2 ** Math.min(failures, 10), 5_000));
      }
    }
  }

  /** The cursors of the partitions owned; those of a group that is new to the log are made first. */
  async #cursors(source: Source, owned: ReadonlySet<number>): Promise<Map<number, StoredCursor>> {
    const { db, topic } = this.#context;
    let stored = await loadCursors(db, this.#track(source));
    if (stored.size < topic.partitions) {
      const cursor = this.#subscription.from === 'latest' ? await latest(source.log.db) : beginning;
      const partitions = [...Array(topic.partitions).keys()];
      await beginAt(
        db,
        this.#track(source),
        partitions.map((partition) => ({ partition, cursor })),
      );
      stored = await loadCursors(db, this.#track(source));
    }
    return new Map([...stored].filter(([partition]) => owned.has(partition)));
  }

  async #once(source: Source, cursors: Map<number, StoredCursor>): Promise<{ count: number; isMore: boolean }> {
    const { topic, db, maxParked } = this.#context;
    if (this.#retrier.isBusy && (await this.#handling.parked.count(db)) >= maxParked)
      return { count: 0, isMore: false };
    const rows = this.#subscription.batch ?? 100;
    const page = await readPage(source.log.db, topic.name, [...cursors.values()], { rows, bytes: pageBytes });
    if (page.events.length === 0) {
      for (const [partition, stored] of cursors) {
        cursors.set(partition, { ...stored, cursor: afterNothing(stored.cursor, page.snapshot) });
      }
      return { count: 0, isMore: false };
    }
    await this.#handling.take(new PageDelivery(this.#track(source), page, cursors));
    return { count: page.events.length, isMore: true };
  }
}

/** A page of a log, whose cursors move with the transactions that handle it. */
class PageDelivery implements Delivery {
  readonly events;
  readonly #track: Track;
  readonly #page: LogPage;
  readonly #cursors: Map<number, StoredCursor>;
  #done = 0;
  #moves: readonly CursorMove[] = [];

  constructor(track: Track, page: LogPage, cursors: Map<number, StoredCursor>) {
    this.events = page.events;
    this.#track = track;
    this.#page = page;
    this.#cursors = cursors;
  }

  async move(tx: Tx, count: number) {
    const taken = this.events.slice(this.#done, this.#done + count);
    const isAll = this.#done + count === this.events.length;
    const cut = isAll ? this.#page.cut : taken.at(-1)!.position;
    const { snapshot, next } = this.#page;
    const last = new Map(taken.map((event) => [event.partition, event]));
    this.#moves = [...last].map(([partition, event]) => {
      const { cursor, version } = this.#cursors.get(partition)!;
      const moved = afterPage(cursor, { snapshot, next, last: event.position, cut });
      return { partition, cursor: moved, version, handledTime: event.time };
    });
    await moveCursors(tx, this.#track, this.#moves);
    return taken;
  }

  moved(count: number): void {
    this.#done += count;
    for (const { partition, cursor, version, handledTime } of this.#moves) {
      this.#cursors.set(partition, { partition, cursor, version: version + 1n, handledTime });
    }
  }
}

/** A service that has not started yet has no database, no schema, or has not let others read it. */
function isNotThereYet(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  return typeof code === 'string' && ['3D000', '3F000', '42P01', '42501', '28000', '28P01'].includes(code);
}

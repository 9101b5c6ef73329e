import type { Database } from '@gabion/postgres/database';
import type { Logger } from '@gabion/telemetry/log';
import { countConsumed, deadLettered } from './event-metrics.ts';
import { type Handling, isOfTheMoment, reasonOf } from './handling.ts';
import type { ParkedEvent } from './parked.ts';
import { Pause } from './pause.ts';

const idleMs = 10_000;
const page = 100;

/** Gives the parked events of one subscription their further attempts, and gives up on them after the last. */
export class Retrier implements AsyncDisposable {
  readonly #db: Database;
  readonly #handling: Handling;
  readonly #subscription: { readonly group: string; readonly topic: string; readonly maxAttempts: number };
  readonly #log: Logger;
  readonly #pause = new Pause();
  readonly #running: Promise<void>;
  #isClosed = false;
  /** Whether anything may be parked. */
  isBusy = true;

  constructor(
    db: Database,
    handling: Handling,
    subscription: { readonly group: string; readonly topic: string; readonly maxAttempts: number },
    log: Logger,
  ) {
    this.#db = db;
    this.#handling = handling;
    this.#subscription = subscription;
    this.#log = log;
    this.#running = this.#run();
  }

  /** Something was parked. */
  wake(): void {
    this.isBusy = true;
    this.#pause.end();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    this.#pause.close();
    await this.#running;
  }

  async #run(): Promise<void> {
    while (!this.#isClosed) {
      try {
        const { ordinals, nextInMs } = await this.#handling.parked.due(this.#db, page);
        this.isBusy = ordinals.length > 0 || nextInMs !== undefined;
        for (const ordinal of ordinals) if (!this.#isClosed) await this.#attempt(ordinal);
        if (ordinals.length === 0) await this.#pause.wait(Math.min(Math.max(nextInMs ?? idleMs, 5), idleMs));
      } catch (error) {
        if (!isOfTheMoment(error)) this.#log.error({ error }, 'parked events cannot be read');
        await this.#pause.wait(1_000);
      }
    }
  }

  async #attempt(ordinal: string): Promise<void> {
    let taken: ParkedEvent | undefined;
    try {
      await this.#db.transaction(async (tx) => {
        taken = await this.#handling.parked.take(tx, ordinal);
        if (!taken) return;
        if (taken.attempts >= this.#subscription.maxAttempts) throw new Error(taken.reason);
        await this.#handling.handle(taken.stored, taken.attempts + 1, tx);
        await this.#handling.parked.handled(tx, taken);
      });
      // Another replica has it: its end is not worth a busy wait.
      if (!taken) await this.#pause.wait(50);
      else countConsumed(this.#subscription.topic, this.#subscription.group, 'handled', 1);
    } catch (error) {
      if (isOfTheMoment(error) || !taken) throw error;
      await this.#failed(ordinal, error);
    }
  }

  async #failed(ordinal: string, error: unknown): Promise<void> {
    const { group, topic, maxAttempts } = this.#subscription;
    const { parked } = this.#handling;
    const outcome = await this.#db.transaction(async (tx) => {
      const taken = await parked.take(tx, ordinal);
      if (!taken) return undefined;
      const attempts = Math.min(taken.attempts + 1, maxAttempts);
      if (attempts < maxAttempts) {
        await parked.failedAgain(tx, taken, reasonOf(error), this.#handling.backoffMs(attempts));
        return { id: taken.stored.id, attempts, isGivenUp: false };
      }
      await parked.giveUp(tx, { ...taken, attempts }, reasonOf(error));
      return { id: taken.stored.id, attempts, isGivenUp: true };
    });
    if (!outcome) return;
    countConsumed(topic, group, 'failed', 1);
    if (!outcome.isGivenUp) return;
    deadLettered.inc({ topic, group });
    this.#log.error({ error, topic, group, ...outcome }, 'event given up on; it is in the dead-letter topic');
  }
}

import type { Database } from '@gabion/postgres/database';
import { forgetAnswers } from '@gabion/postgres/idempotency';
import type { Logger } from '@gabion/telemetry/log';
import type { FeedUpdates } from './feeds/feed-updates.ts';
import type { Retention } from './retention.ts';
import type { Uploads } from './uploads.ts';

const intervalMs = 60_000;
const dayMs = 24 * 3_600_000;

export interface JanitorParts {
  readonly db: Database;
  readonly uploads: Uploads;
  readonly retention: Retention;
  readonly feeds: Pick<FeedUpdates, 'removeLeftovers'>;
  readonly log: Logger;
}

/** Removes what nobody comes back for: uploads, old scans with what only they need, old idempotency keys. */
export class Janitor implements AsyncDisposable {
  readonly #timer: NodeJS.Timeout;
  #sweeping: Promise<void>;

  constructor(private readonly parts: JanitorParts) {
    this.#sweeping = this.#sweep();
    this.#timer = setInterval(() => {
      this.#sweeping = this.#sweeping.then(() => this.#sweep());
    }, intervalMs);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    await this.#sweeping;
  }

  async #sweep(): Promise<void> {
    const { db, uploads, retention, feeds, log } = this.parts;
    try {
      const now = new Date();
      await uploads.removeExpired(now);
      await retention.sweep(now);
      await feeds.removeLeftovers(now);
      await db.transaction((tx) => forgetAnswers(tx, new Date(now.getTime() - dayMs)));
    } catch (error) {
      log.warn({ error }, 'sweeping failed; it is tried again');
    }
  }
}

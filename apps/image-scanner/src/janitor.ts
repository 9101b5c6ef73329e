import type { Database } from '@gabion/postgres/database';
import { forgetAnswers } from '@gabion/postgres/idempotency';
import type { Logger } from '@gabion/telemetry/log';
import type { Advisories } from './advisories.ts';
import type { Uploads } from './uploads.ts';

const intervalMs = 60_000;
const dayMs = 24 * 3_600_000;

export interface JanitorParts {
  readonly db: Database;
  readonly uploads: Uploads;
  readonly advisories: Advisories;
  readonly log: Logger;
}

/** Removes what nobody comes back for: uploads, rows of dead imports, old idempotency keys. */
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
    const { db, uploads, advisories, log } = this.parts;
    try {
      const now = new Date();
      await uploads.removeExpired(now);
      await advisories.removeDropped();
      await db.transaction((tx) => forgetAnswers(tx, new Date(now.getTime() - dayMs)));
    } catch (error) {
      log.warn({ error }, 'sweeping failed; it is tried again');
    }
  }
}

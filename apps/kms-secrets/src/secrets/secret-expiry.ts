import type { Logger } from '@gabion/telemetry/log';
import type { Database } from '../db/schema.ts';
import type { Leases } from './leases.ts';
import type { Secrets } from './secrets.ts';

/** How often what has expired is destroyed, in ms; it cannot be read from the moment it expires. */
const roundMs = 60_000;

/** Destroys what has expired, and forgets leases that ended long ago. */
export class SecretExpiry implements AsyncDisposable {
  #timer: NodeJS.Timeout | undefined;
  #round: Promise<void> = Promise.resolve();

  constructor(
    private readonly db: Database,
    private readonly secrets: Secrets,
    private readonly leases: Leases,
    private readonly log: Logger,
  ) {}

  begin(): void {
    void this.round();
    this.#timer = setInterval(() => void this.round(), roundMs).unref();
  }

  async round(): Promise<void> {
    this.#round = this.#round.then(() => this.#expire());
    await this.#round;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    await this.#round;
  }

  async #expire(): Promise<void> {
    try {
      await this.db.transaction(async (tx) => {
        await this.secrets.expire(tx);
        await this.leases.forget(tx);
      });
    } catch (error) {
      this.log.warn({ error }, 'what has expired was not destroyed, will try again');
    }
  }
}

import type { Logger } from '@gabion/telemetry/log';

export interface RoundsParts {
  readonly everyMs: number;
  readonly log: Logger;
  /** What the log says of a round that failed. */
  readonly complaint: string;
}

/** Work that is done again and again, one round after the other; what fails is tried again in the next one. */
export abstract class Rounds implements AsyncDisposable {
  readonly #rounds: RoundsParts;
  #timer: NodeJS.Timeout | undefined;
  #last: Promise<void> = Promise.resolve();

  constructor(rounds: RoundsParts) {
    this.#rounds = rounds;
  }

  begin(): void {
    this.#timer = setInterval(() => void this.round(), this.#rounds.everyMs).unref();
  }

  /** One round, after those that are under way. */
  round(): Promise<void> {
    const { log, complaint } = this.#rounds;
    this.#last = this.#last.then(() => this.work()).catch((error: unknown) => log.warn({ error }, complaint));
    return this.#last;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    await this.#last;
  }

  /** What a round does. */
  protected abstract work(): Promise<void>;
}

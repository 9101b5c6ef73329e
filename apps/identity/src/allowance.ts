import type { Clock } from './clock.ts';

/** How often something may happen: `perMinute` at once, and as many again with each minute. */
export class Allowance {
  readonly #perMinute: number;
  readonly #now: Clock;
  #left: number;
  #at: number;

  constructor(perMinute: number, now: Clock) {
    this.#perMinute = perMinute;
    this.#now = now;
    this.#left = perMinute;
    this.#at = now().getTime();
  }

  /** Takes one; false when none is left. */
  take(): boolean {
    const now = this.#now().getTime();
    const back = ((now - this.#at) / 60_000) * this.#perMinute;
    this.#left = Math.min(this.#left + Math.max(back, 0), this.#perMinute);
    this.#at = now;
    if (this.#left < 1) return false;
    this.#left--;
    return true;
  }
}

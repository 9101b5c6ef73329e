import { setTimeout as delay } from 'node:timers/promises';

/** Waits until one more request may be made. */
export interface Pace {
  next(signal?: AbortSignal): Promise<void>;
}

/** So many requests a second, evenly spaced after a first burst of at most one second's worth (GCRA). */
export class RequestRate implements Pace {
  #dueMs = Number.NEGATIVE_INFINITY;

  constructor(
    readonly perSecond: number,
    private readonly nowMs: () => number = () => performance.now(),
    private readonly wait: (ms: number, signal?: AbortSignal) => Promise<unknown> = (ms, signal) =>
      delay(ms, undefined, signal ? { signal } : {}),
  ) {}

  async next(signal?: AbortSignal): Promise<void> {
    const now = this.nowMs();
    this.#dueMs = Math.max(this.#dueMs, now - 1000) + 1000 / this.perSecond;
    const waitMs = this.#dueMs - now;
    if (waitMs > 0) await this.wait(waitMs, signal);
  }
}

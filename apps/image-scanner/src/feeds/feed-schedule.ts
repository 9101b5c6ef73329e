import { setTimeout as pause } from 'node:timers/promises';
import type { Logger } from '@gabion/telemetry/log';
import { feedMetrics } from './feed-metrics.ts';
import type { FeedUpdates } from './feed-updates.ts';
import type { Feeds } from './feeds.ts';

export interface ScheduleParts {
  readonly feeds: Feeds;
  readonly updates: FeedUpdates;
  readonly log: Logger;
}

/** Updates each feed when its time has come, one after the other. */
export class FeedSchedule implements AsyncDisposable {
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;

  constructor(
    private readonly parts: ScheduleParts,
    private readonly tickMs: number,
  ) {
    this.#running = this.#run();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      try {
        for (const name of await this.parts.feeds.due()) await this.#update(name);
        feedMetrics.observe(await this.parts.feeds.list());
      } catch (error) {
        if (signal.aborted) return;
        this.parts.log.warn({ error }, 'feeds were not looked after; it is tried again');
      }
      await pause(this.tickMs, undefined, { signal }).catch(() => {});
    }
  }

  async #update(name: string): Promise<void> {
    const { updates, log } = this.parts;
    this.#stop.signal.throwIfAborted();
    await updates.update(
      name,
      {},
      ({ step, error, source }) => {
        if (step === 'failed') log.info({ feed: name, code: error?.code, reason: error?.message }, 'feed not updated');
        if (step === 'imported') log.info({ feed: name, advisories: source?.advisoryCount }, 'feed updated');
      },
      this.#stop.signal,
    );
  }
}

import type { Database } from '@gabion/postgres/database';
import type { Logger } from '@gabion/telemetry/log';
import { histogram } from '@gabion/telemetry/metrics';
import type { Announcements } from './announcements.ts';
import { judgingChannels } from './judging-gate.ts';
import type { Rejudging } from './rejudging.ts';

/** Nobody notifies of work that a replica left behind when it died. */
const lookAgainMs = 5000;

/** Judges components again when advisories have changed, and tells of the images that hold them, until it is disposed. */
export class Rejudger implements AsyncDisposable {
  #isStopping = false;
  #listening: AsyncDisposable | undefined;
  #timer: NodeJS.Timeout | undefined;
  #working: Promise<void> | undefined;
  #workAgain = false;

  constructor(
    private readonly rejudging: Rejudging,
    private readonly announcements: Announcements,
    private readonly log: Logger,
  ) {}

  async begin(db: Database): Promise<void> {
    this.#listening = await db.listen(judgingChannels.wanted, () => this.#wake());
    this.#timer = setInterval(() => this.#wake(), lookAgainMs);
    this.#wake();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isStopping = true;
    clearInterval(this.#timer);
    await this.#listening?.[Symbol.asyncDispose]();
    await this.#working;
  }

  #wake(): void {
    this.#workAgain = true;
    this.#working ??= this.#work()
      .catch((error: unknown) =>
        this.log.warn({ error }, 'stored images cannot be judged again now; it is tried again'),
      )
      .finally(() => {
        this.#working = undefined;
      });
  }

  async #work(): Promise<void> {
    while (this.#workAgain) {
      this.#workAgain = false;
      // Judging comes first: scans wait for it.
      while (!this.#isStopping && ((await this.#judge()) || (await this.#tell())));
    }
  }

  async #judge(): Promise<boolean> {
    const started = performance.now();
    const isDone = await this.rejudging.round();
    if (!isDone) return false;
    const seconds = (performance.now() - started) / 1000;
    histogram('gabion_rejudging_duration_seconds', 'Time in which changed advisories were judged.').observe(seconds);
    this.log.info({ seconds }, 'stored images judged again');
    return true;
  }

  async #tell(): Promise<boolean> {
    return (await this.announcements.spread()) || (await this.announcements.tellSome());
  }
}

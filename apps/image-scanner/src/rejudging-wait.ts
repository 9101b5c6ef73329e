import type { Database } from '@gabion/postgres/database';
import { judgingChannels } from './judging-gate.ts';

/** A scan does not wait for the rejudging of its components for ever: what it then tells is mended right afterwards. */
const maxWaitMs = 60_000;
/** A notification may be missed. */
const lookAgainMs = 1000;

/** The waiting of scans until changed advisories have been judged. */
export interface Patience extends Disposable {
  readonly isOver: boolean;
  /** Resolves with the next round of judging that is committed, or after a while. */
  next(): Promise<void>;
}

/** Hears of each round of judging, in whichever replica. */
export class RejudgingWait implements AsyncDisposable {
  readonly #listening: AsyncDisposable;
  readonly #waiting: Set<() => void>;

  private constructor(listening: AsyncDisposable, waiting: Set<() => void>) {
    this.#listening = listening;
    this.#waiting = waiting;
  }

  static async open(db: Database): Promise<RejudgingWait> {
    const waiting = new Set<() => void>();
    const listening = await db.listen(judgingChannels.done, () => {
      for (const wake of waiting) wake();
    });
    return new RejudgingWait(listening, waiting);
  }

  patience(signal: AbortSignal): Patience {
    const until = performance.now() + maxWaitMs;
    let wake = () => {};
    const heard = () => wake();
    let timer: NodeJS.Timeout | undefined;
    this.#waiting.add(heard);
    signal.addEventListener('abort', heard, { once: true });
    return {
      get isOver() {
        return performance.now() > until;
      },
      next: () => {
        clearTimeout(timer);
        return new Promise((resolve) => {
          wake = resolve;
          timer = setTimeout(resolve, lookAgainMs);
          if (signal.aborted) resolve();
        });
      },
      [Symbol.dispose]: () => {
        clearTimeout(timer);
        this.#waiting.delete(heard);
        signal.removeEventListener('abort', heard);
      },
    };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve(this.#listening[Symbol.asyncDispose]());
  }
}

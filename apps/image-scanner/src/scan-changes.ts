import type { Database } from '@gabion/postgres/database';
import { hasEnded, type ScanRow } from './scan.ts';
import { channels, type Scans } from './scans.ts';

/** Tells readers of single scans about each change, whichever replica makes it. */
export class ScanChanges implements AsyncDisposable {
  readonly #scans: Scans;
  readonly #listening: AsyncDisposable;
  readonly #waiting: Map<string, Set<() => void>>;

  private constructor(scans: Scans, listening: AsyncDisposable, waiting: Map<string, Set<() => void>>) {
    this.#scans = scans;
    this.#listening = listening;
    this.#waiting = waiting;
  }

  static async open(db: Database, scans: Scans): Promise<ScanChanges> {
    const waiting = new Map<string, Set<() => void>>();
    const listening = await db.listen(channels.changed, (id) => {
      // Empty after a lost connection: anything may have changed.
      const woken = id === '' ? [...waiting.values()].flatMap((wakes) => [...wakes]) : (waiting.get(id) ?? []);
      for (const wake of woken) wake();
    });
    return new ScanChanges(scans, listening, waiting);
  }

  /** The scan as it is, and again at each change until it has ended or the reader has left. */
  async *of(id: string, signal: AbortSignal): AsyncGenerator<ScanRow> {
    const ear = this.#ear(id, signal);
    let told = '';
    try {
      while (!signal.aborted) {
        const changed = ear.next();
        const scan = await this.#scans.get(id);
        const seen = JSON.stringify([
          scan.state,
          scan.layers_done,
          scan.bytes_done,
          scan.layers_total,
          scan.bytes_total,
        ]);
        if (seen !== told) yield scan;
        told = seen;
        if (hasEnded(scan)) return;
        await changed;
      }
    } finally {
      ear.close();
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve(this.#listening[Symbol.asyncDispose]());
  }

  #ear(id: string, signal: AbortSignal): { next(): Promise<void>; close(): void } {
    const wakes = this.#waiting.get(id) ?? new Set();
    this.#waiting.set(id, wakes);
    let wake = () => {};
    const heard = () => wake();
    wakes.add(heard);
    signal.addEventListener('abort', heard, { once: true });
    return {
      next: () =>
        new Promise((resolve) => {
          wake = resolve;
          if (signal.aborted) resolve();
        }),
      close: () => {
        signal.removeEventListener('abort', heard);
        wakes.delete(heard);
        if (wakes.size === 0 && this.#waiting.get(id) === wakes) this.#waiting.delete(id);
      },
    };
  }
}

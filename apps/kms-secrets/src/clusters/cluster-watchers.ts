import type { Database } from '../db/schema.ts';
import { keyChannel } from '../keys/key-store.ts';
import type { Barrier } from '../seal/barrier.ts';
import { clusterChannel } from './cluster-store.ts';

/** Wakes those who follow clusters when something that they may have told has changed. */
export class ClusterWatchers implements AsyncDisposable {
  #changed = Promise.withResolvers<void>();
  readonly #stack = new AsyncDisposableStack();

  static async open(db: Database, barrier: Barrier): Promise<ClusterWatchers> {
    const watchers = new ClusterWatchers();
    const wake = () => watchers.#wake();
    watchers.#stack.use(await db.listen(clusterChannel, wake));
    watchers.#stack.use(await db.listen(keyChannel, wake));
    watchers.#stack.use(barrier.onClose(wake));
    return watchers;
  }

  /** Resolves with the next change, after `ms`, or when the signal aborts; ask for it before reading what may change. */
  next(signal: AbortSignal): (ms: number) => Promise<void> {
    const { promise } = this.#changed;
    return async (ms) => {
      const { promise: ended, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, ms);
      signal.addEventListener('abort', () => resolve(), { once: true });
      if (signal.aborted) resolve();
      await Promise.race([promise, ended]);
      clearTimeout(timer);
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack[Symbol.asyncDispose]();
    this.#wake();
  }

  #wake(): void {
    const { resolve } = this.#changed;
    this.#changed = Promise.withResolvers();
    resolve();
  }
}

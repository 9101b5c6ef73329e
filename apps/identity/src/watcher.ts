import type { MessageInitShape } from '@bufbuild/protobuf';
import type { WatchRevocationsResponseSchema } from '@gabion/contracts/gabion/identity/v1/authentication_pb';

export type Notice = MessageInitShape<typeof WatchRevocationsResponseSchema>;

/** Notices that may wait for one watcher; one that reads so slowly is as good as gone. */
const maxWaiting = 1000;

/** One live stream of revocations: what waits to be sent, and how far its reader has come. */
export class Watcher {
  readonly #waiting: Notice[] = [];
  #acknowledged: bigint;
  #ended: { readonly reason: Error | undefined } | undefined;
  /** Wakes the stream; replaced each time it sleeps. */
  #wake = () => {};
  #progress = new Set<() => void>();

  /** `sequence` is where the watcher begins: of what came before, it can have cached nothing. */
  constructor(sequence: bigint) {
    this.#acknowledged = sequence;
  }

  get acknowledged(): bigint {
    return this.#acknowledged;
  }

  send(notice: Notice): void {
    if (this.#ended) return;
    if (this.#waiting.length >= maxWaiting) return this.end(new Error('too many notices wait'));
    this.#waiting.push(notice);
    this.#wake();
  }

  acknowledge(sequence: bigint): void {
    if (sequence <= this.#acknowledged) return;
    this.#acknowledged = sequence;
    this.#tellProgress();
  }

  /** Ends the stream after what waits, quietly or with a reason. */
  end(reason?: Error): void {
    this.#ended ??= { reason };
    this.#wake();
    this.#tellProgress();
  }

  /** Resolves once the reader has applied `sequence`, or has no stream any more and so no cache. */
  async caughtUp(sequence: bigint): Promise<void> {
    while (this.#acknowledged < sequence && !this.#ended)
      await new Promise<void>((resolve) => this.#progress.add(resolve));
  }

  async *notices(): AsyncIterable<Notice> {
    for (;;) {
      for (let next = this.#waiting.shift(); next; next = this.#waiting.shift()) yield next;
      if (this.#ended?.reason) throw this.#ended.reason;
      if (this.#ended) return;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  #tellProgress(): void {
    const waiting = this.#progress;
    this.#progress = new Set();
    for (const resolve of waiting) resolve();
  }
}

import type { Writable } from 'node:stream';

/** What is written to no faster than the other side reads. */
export type Sink = Pick<Writable, 'write' | 'once' | 'off'>;

/** Waits until the sink takes more, or the other side has gone. */
export function drained(sink: Sink, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const go = () => {
      sink.off('drain', go);
      signal.removeEventListener('abort', go);
      resolve();
    };
    sink.once('drain', go);
    signal.addEventListener('abort', go, { once: true });
  });
}

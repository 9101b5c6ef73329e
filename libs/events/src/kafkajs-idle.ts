import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

/** The parts of kafkajs' RequestQueue that the patch touches. */
interface RequestQueue {
  pending: unknown[];
  throttledUntil: number;
  throttleCheckTimeoutId: NodeJS.Timeout | null;
  checkPendingRequests(): void;
}

const patched = '2.2.4';
const recheckMs = 10;

/**
 * Stops kafkajs 2.2.4 from keeping a core busy while nothing happens. Its RequestQueue re-arms a timer after every
 * check of its pending requests, whether there are any or not, and computes the delay as `throttledUntil - now`: far
 * below zero when nothing is throttled, which Node.js runs as 1 ms (and warns of, TimeoutNegativeWarning, since 24). The
 * result is a thousand wake-ups a second and connection (tulios/kafkajs#1751; the fixes offered there were never
 * merged). Here the timer exists only while requests are pending; `push` and every response look at the queue anyway.
 * Any other version is left alone; answers whether the patch was applied.
 */
export function calmIdleQueue(): boolean {
  const { version } = require('kafkajs/package.json') as { version: string };
  if (version !== patched) return false;
  const { prototype } = require('kafkajs/src/network/requestQueue/index.js') as {
    prototype: RequestQueue & { scheduleCheckPendingRequests(): void };
  };
  prototype.scheduleCheckPendingRequests = function (this: RequestQueue): void {
    if (this.throttleCheckTimeoutId || this.pending.length === 0) return;
    const throttledMs = this.throttledUntil - Date.now();
    this.throttleCheckTimeoutId = setTimeout(
      () => {
        this.throttleCheckTimeoutId = null;
        this.checkPendingRequests();
      },
      throttledMs > 0 ? throttledMs : recheckMs,
    );
  };
  return true;
}

import { setTimeout as delay } from 'node:timers/promises';

/** How often and how patiently a failed request is made again. */
export interface Backoff {
  readonly attempts: number;
  readonly firstDelayMs: number;
  readonly maxDelayMs: number;
  /** Between 0 and 1. */
  readonly random: () => number;
  readonly wait: (ms: number, signal?: AbortSignal) => Promise<void>;
}

export const defaultBackoff: Backoff = {
  attempts: 4,
  firstDelayMs: 250,
  maxDelayMs: 20_000,
  random: Math.random,
  wait: async (ms, signal) => {
    await delay(ms, undefined, signal ? { signal } : {});
  },
};

/** The wait before a further attempt: what the server asked for, else exponential with full jitter; capped either way. */
export function delayBefore(attempt: number, backoff: Backoff, askedMs?: number): number {
  if (askedMs !== undefined) return Math.min(askedMs, backoff.maxDelayMs);
  return backoff.random() * Math.min(backoff.firstDelayMs * 2 ** attempt, backoff.maxDelayMs);
}

/** `Retry-After` in milliseconds: seconds or a date (RFC 9110, 10.2.3). */
export function retryAfterMs(header: string | undefined, now: Date): number | undefined {
  if (header === undefined) return undefined;
  if (/^\d{1,9}$/.test(header)) return Number(header) * 1000;
  const date = Date.parse(header);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now.getTime());
}

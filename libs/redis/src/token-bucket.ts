import type { Allowance, Rate } from './cache.ts';

/** A bucket's state: how full it was at that time. */
export interface Bucket {
  readonly tokens: number;
  readonly atMs: number;
}

/** One request against a bucket (undefined: never used, thus full), and the bucket after it; pure. */
export function takeFrom(
  bucket: Bucket | undefined,
  rate: Rate,
  cost: number,
  nowMs: number,
): { bucket: Bucket; allowance: Allowance } {
  // A clock that steps back must not drain the bucket.
  const elapsedMs = bucket ? Math.max(0, nowMs - bucket.atMs) : 0;
  const before = bucket ? Math.min(rate.burst, bucket.tokens + (elapsedMs / 1_000) * rate.perSecond) : rate.burst;
  const allowed = before >= cost;
  const tokens = allowed ? before - cost : before;
  return { bucket: { tokens, atMs: nowMs }, allowance: allowanceOf(rate, cost, allowed, tokens) };
}

/** What to tell the caller about a bucket that holds `tokens` after his request. */
export function allowanceOf(rate: Rate, cost: number, allowed: boolean, tokens: number): Allowance {
  const msFor = (missing: number) => Math.max(0, Math.ceil((missing / rate.perSecond) * 1_000));
  return {
    allowed,
    limit: rate.burst,
    remaining: Math.floor(tokens),
    retryAfterMs: allowed ? 0 : msFor(cost - tokens),
    resetMs: msFor(rate.burst - tokens),
  };
}

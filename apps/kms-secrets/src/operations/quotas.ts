import type { KeyStatement } from '@gabion/contracts/gabion/kms/v1/keys_pb';
import { Fault } from '@gabion/rpc/fault';
import type { KeyRecord } from '../keys/key-ring.ts';

interface Bucket {
  level: number;
  at: number;
}

/** Buckets that are held at a time; forgetting one gives its callers a second's worth. */
const mostBuckets = 10_000;

/** How many operations a second a key, and each statement of its policy, allows in this replica: a bucket of one second's worth. */
export class Quotas {
  readonly #buckets = new Map<string, Bucket>();

  /** Throws `quota_exceeded`; a refusal costs nothing. */
  take(key: KeyRecord, statement: KeyStatement | undefined, count: number): void {
    const buckets = [
      this.#bucket(key.id, key.settings.maxOperationsPerSecond),
      this.#bucket(
        `${key.id}/${statement ? key.policy.statements.indexOf(statement) : ''}`,
        statement?.maxOperationsPerSecond ?? 0,
      ),
    ].filter((bucket) => bucket !== undefined);
    if (buckets.some(({ level }) => level < count))
      throw new Fault('resource_exhausted', 'the key is used more often than its quota allows', {
        code: 'quota_exceeded',
        retryAfterMs: 1000,
      });
    for (const bucket of buckets) bucket.level -= count;
  }

  #bucket(name: string, perSecond: number): Bucket | undefined {
    if (perSecond === 0) return undefined;
    const now = performance.now();
    const { level, at } = this.#buckets.get(name) ?? { level: perSecond, at: now };
    const bucket = { level: Math.min(perSecond, level + ((now - at) / 1000) * perSecond), at: now };
    if (this.#buckets.size >= mostBuckets) this.#buckets.clear();
    this.#buckets.set(name, bucket);
    return bucket;
  }
}

import { setTimeout as delay } from 'node:timers/promises';
import { redisForTests } from '@gabion/testkit/redis';
import { afterAll, afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Cache } from './cache.ts';
import { MemoryCache } from './memory-cache.ts';
import { RedisCache } from './redis-cache.ts';

const redis = await redisForTests();
const skipped = 'skipped' in redis ? redis.skipped : undefined;
let suites = 0;

const caches = [
  { name: 'in process', skipped: undefined, replicas: (): [Cache, Cache] => sameTwice(new MemoryCache()) },
  {
    name: 'Redis',
    skipped,
    replicas: (): [Cache, Cache] => {
      if ('skipped' in redis) throw new Error(redis.skipped);
      const prefix = `test-${process.pid}-${suites++}:`;
      return [new RedisCache(redis.url, { prefix }), new RedisCache(redis.url, { prefix })];
    },
  },
];

function sameTwice(cache: Cache): [Cache, Cache] {
  return [cache, cache];
}

afterAll(async () => {
  if (!('skipped' in redis)) await redis[Symbol.asyncDispose]();
});

describe.each(caches)('cache: $name', ({ replicas, skipped, name }) => {
  if (skipped) {
    it.skip(`${name}: ${skipped}`, () => {});
    return;
  }
  let one: Cache;
  let other: Cache;

  beforeEach(() => {
    [one, other] = replicas();
  });
  afterEach(async () => {
    await one[Symbol.asyncDispose]();
    await other[Symbol.asyncDispose]();
  });

  describe('rate limit', () => {
    it('allows the burst and refuses what goes beyond it, naming the wait', async () => {
      const rate = { burst: 3, perSecond: 0.5 };
      const remaining = [];
      for (let use = 0; use < 3; use++) remaining.push((await one.take('ana', rate)).remaining);
      expect(remaining).toEqual([2, 1, 0]);
      const refused = await one.take('ana', rate);
      expect(refused).toMatchObject({ allowed: false, limit: 3, remaining: 0 });
      expect(refused.retryAfterMs).toBeGreaterThan(1_000);
      expect(refused.retryAfterMs).toBeLessThanOrEqual(2_000);
      expect(refused.resetMs).toBeGreaterThan(5_000);
      expect(refused.degraded).toBeUndefined();
    });

    it('allows exactly the burst to many requests at once from two replicas', async () => {
      const rate = { burst: 20, perSecond: 0.01 };
      const asked = Array.from({ length: 100 }, (_, n) => (n % 2 ? one : other).take('flood', rate));
      const allowed = (await Promise.all(asked)).filter((answer) => answer.allowed);
      expect(allowed).toHaveLength(20);
    });

    it('allows again after the time that it named', async () => {
      const rate = { burst: 1, perSecond: 10 };
      await one.take('ben', rate);
      const { allowed, retryAfterMs } = await one.take('ben', rate);
      expect(allowed).toBe(false);
      await delay(retryAfterMs + 5);
      expect((await one.take('ben', rate)).allowed).toBe(true);
    });

    it('keeps the budgets of two keys apart', async () => {
      const rate = { burst: 1, perSecond: 0.01 };
      expect((await one.take('a', rate)).allowed).toBe(true);
      expect((await one.take('b', rate)).allowed).toBe(true);
      expect((await one.take('a', rate)).allowed).toBe(false);
    });

    it('takes nothing for a request that it refuses', async () => {
      const rate = { burst: 5, perSecond: 0.01 };
      expect((await one.take('dear', rate, 6)).allowed).toBe(false);
      expect(await one.take('dear', rate, 5)).toMatchObject({ allowed: true, remaining: 0 });
    });
  });

  describe('live messages', () => {
    it('reach every subscriber in order, in every replica', async () => {
      const [first, second] = [ear(3), ear(3)];
      await one.subscribe('alerts', first.heard);
      await other.subscribe('alerts', second.heard);
      for (const message of ['1', '2', '3']) await one.publish('alerts', message);
      expect(await first.all).toEqual(['1', '2', '3']);
      expect(await second.all).toEqual(['1', '2', '3']);
    });

    it('stay within their channel', async () => {
      const listener = ear(1);
      await one.subscribe('a', listener.heard);
      await one.publish('b', 'not this');
      await one.publish('a', 'this');
      expect(await listener.all).toEqual(['this']);
    });

    it('end for the subscription that is disposed, not for others of its channel', async () => {
      const [gone, stays] = [ear(1), ear(1)];
      const subscription = await one.subscribe('a', gone.heard);
      await one.subscribe('a', stays.heard);
      await subscription[Symbol.asyncDispose]();
      await one.publish('a', 'x');
      expect(await stays.all).toEqual(['x']);
      expect(gone.soFar).toEqual([]);
    });
  });

  describe('values', () => {
    it('are read back by another replica', async () => {
      await one.set('session', 'grüße', 10_000);
      expect(await other.get('session')).toBe('grüße');
      expect(await other.get('none')).toBeUndefined();
    });

    it('expire', async () => {
      await one.set('short', 'x', 20);
      await delay(40);
      expect(await one.get('short')).toBeUndefined();
      expect(await one.add('short', 'y', 1_000)).toBe(true);
    });

    it('are added by one of many', async () => {
      const adding = Array.from({ length: 10 }, (_, n) => (n % 2 ? one : other).add('lease', String(n), 10_000));
      expect((await Promise.all(adding)).filter(Boolean)).toHaveLength(1);
    });

    it('are handed out once when they are removed', async () => {
      await one.set('ticket', 'T', 10_000);
      const taken = await Promise.all([one.remove('ticket'), other.remove('ticket'), one.remove('ticket')]);
      expect(taken.filter((value) => value === 'T')).toHaveLength(1);
      expect(await one.get('ticket')).toBeUndefined();
    });
  });
});

/** Collects messages; `all` settles when `count` have come. */
function ear(count: number) {
  const soFar: string[] = [];
  const { promise, resolve } = Promise.withResolvers<string[]>();
  const heard = (message: string) => {
    soFar.push(message);
    if (soFar.length === count) resolve(soFar);
  };
  return { soFar, all: promise, heard };
}

import { redisForTests } from '@gabion/testkit/redis';
import { describe, expect, it } from '@jest/globals';
import { RedisCache } from './redis-cache.ts';

const found = await redisForTests({ ownServer: true });
const suite = 'skipped' in found ? describe.skip : describe;
const rate = { burst: 3, perSecond: 0.01 };

suite(`cache while Redis is away${'skipped' in found ? ` (${found.skipped})` : ''}`, () => {
  it('limits locally, refuses the rest in time, and is whole again afterwards', async () => {
    if ('skipped' in found) return;
    await using redis = found;
    const up = Promise.withResolvers<void>();
    const states: string[] = [];
    await using cache = new RedisCache(redis.url, {
      onState: (state) => {
        states.push(state);
        if (state === 'up') up.resolve();
      },
    });
    const heard = Promise.withResolvers<string>();
    await cache.subscribe('alerts', heard.resolve);
    await cache.set('k', 'v', 60_000);
    await cache.take('ana', rate);
    await redis.stop();

    const began = performance.now();
    const answers = [];
    for (let use = 0; use < 4; use++) answers.push(await cache.take('ana', rate));
    expect(answers.map(({ allowed, degraded }) => [allowed, degraded])).toEqual([
      [true, true],
      [true, true],
      [true, true],
      [false, true],
    ]);
    await expect(cache.get('k')).rejects.toMatchObject({ name: 'CacheError', code: 'unavailable' });
    await expect(cache.publish('alerts', 'lost')).rejects.toMatchObject({ code: 'unavailable' });
    await expect(cache.subscribe('more', () => {})).rejects.toMatchObject({ code: 'unavailable' });
    // Six commands of at most 500 ms, and a subscription of at most 2 s.
    expect(performance.now() - began).toBeLessThan(5_000);

    await redis.start();
    await up.promise;
    expect(await cache.take('ana', rate)).toMatchObject({ allowed: true, remaining: 2 });
    await publishedUntil(cache, heard.promise);
    expect(await heard.promise).toBe('back');
    expect(states).toEqual(['down', 'up']);
  });

  it('starts without Redis', async () => {
    await using cache = new RedisCache('redis://127.0.0.1:1');
    expect(await cache.take('ana', rate)).toMatchObject({ allowed: true, degraded: true });
    await expect(cache.get('k')).rejects.toMatchObject({ code: 'unavailable' });
  });
});

/** The subscription comes back on its own connection, in its own time: who published too early publishes again. */
async function publishedUntil(cache: RedisCache, heard: Promise<string>): Promise<void> {
  let isHeard = false;
  void heard.then(() => {
    isHeard = true;
  });
  while (!isHeard) {
    await cache.publish('alerts', 'back');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

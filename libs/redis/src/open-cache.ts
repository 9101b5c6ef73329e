import type { Cache } from './cache.ts';
import { MemoryCache } from './memory-cache.ts';
import { RedisCache, type RedisCacheOptions } from './redis-cache.ts';

/** The cache in Redis at `url`, or without one in this process's memory; Redis need not be up yet. */
export function openCache(url: string | undefined, options?: RedisCacheOptions): Cache {
  return url === undefined ? new MemoryCache() : new RedisCache(url, options);
}

import { EventEmitter } from 'node:events';
import type { Allowance, Cache, Rate } from './cache.ts';
import { type Bucket, takeFrom } from './token-bucket.ts';

interface Entry {
  readonly value: string;
  readonly expiresMs: number;
}

interface UsedBucket extends Bucket {
  /** From here on it is full, which is what an absent one is. */
  readonly fullMs: number;
}

/** Time passed in for tests; `maxEntries` bounds what clients can make it hold. */
export interface MemoryCacheOptions {
  readonly now?: () => number;
  readonly maxEntries?: number;
}

/** The cache of a platform that is one process: the same promises as Redis, kept in its own memory. */
export class MemoryCache implements Cache {
  readonly #now: () => number;
  readonly #maxEntries: number;
  readonly #buckets = new Map<string, UsedBucket>();
  readonly #entries = new Map<string, Entry>();
  readonly #channels = new EventEmitter().setMaxListeners(0);

  constructor(options: MemoryCacheOptions = {}) {
    this.#now = options.now ?? Date.now;
    this.#maxEntries = options.maxEntries ?? 100_000;
  }

  async take(key: string, rate: Rate, cost = 1): Promise<Allowance> {
    return this.takeNow(key, rate, cost);
  }

  /** `take` without the promise, for the fallback of another cache. */
  takeNow(key: string, rate: Rate, cost: number): Allowance {
    const nowMs = this.#now();
    const { bucket, allowance } = takeFrom(this.#buckets.get(key), rate, cost, nowMs);
    this.#keep(this.#buckets, key, { ...bucket, fullMs: nowMs + allowance.resetMs }, ({ fullMs }) => fullMs <= nowMs);
    return allowance;
  }

  async publish(channel: string, message: string): Promise<void> {
    // Never within the publisher's own call, as it would not be with Redis either.
    setImmediate(() => this.#channels.emit(`#${channel}`, message));
  }

  async subscribe(channel: string, heard: (message: string) => void): Promise<AsyncDisposable> {
    // A function of its own, so that subscribing one listener twice is two subscriptions.
    const listener = (message: string) => heard(message);
    this.#channels.on(`#${channel}`, listener);
    return { [Symbol.asyncDispose]: async () => void this.#channels.off(`#${channel}`, listener) };
  }

  async get(key: string): Promise<string | undefined> {
    return this.#live(key)?.value;
  }

  async set(key: string, value: string, ttlMs: number): Promise<void> {
    const nowMs = this.#now();
    this.#keep(this.#entries, key, { value, expiresMs: nowMs + ttlMs }, ({ expiresMs }) => expiresMs <= nowMs);
  }

  async add(key: string, value: string, ttlMs: number): Promise<boolean> {
    if (this.#live(key)) return false;
    await this.set(key, value, ttlMs);
    return true;
  }

  async remove(key: string): Promise<string | undefined> {
    const entry = this.#live(key);
    this.#entries.delete(key);
    return entry?.value;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#channels.removeAllListeners();
    this.#buckets.clear();
    this.#entries.clear();
  }

  #live(key: string): Entry | undefined {
    const entry = this.#entries.get(key);
    if (entry && entry.expiresMs > this.#now()) return entry;
    this.#entries.delete(key);
    return undefined;
  }

  /** Kept in order of last use, so that the first one is the one to give up when the map is full. */
  #keep<V>(map: Map<string, V>, key: string, value: V, isSpent: (value: V) => boolean): void {
    map.delete(key);
    map.set(key, value);
    // Two looks per write keep the map free of spent ones without a timer and without a pause.
    for (const [oldKey, old] of map.entries().take(2)) if (oldKey !== key && isSpent(old)) map.delete(oldKey);
    if (map.size > this.#maxEntries) map.delete(map.keys().next().value!);
  }
}

import { Redis } from 'ioredis';
import type { Allowance, Cache, Rate } from './cache.ts';
import { CacheError } from './cache-error.ts';
import { MemoryCache } from './memory-cache.ts';
import { takeScript } from './take-script.ts';
import { allowanceOf } from './token-bucket.ts';

/** How long one command may take before Redis counts as away; `prefix` separates platforms on one Redis. */
export interface RedisCacheOptions {
  readonly prefix?: string;
  readonly commandTimeoutMs?: number;
  /** Told once when Redis goes away and once when it is back. */
  readonly onState?: (state: 'up' | 'down', reason?: string) => void;
}

type TakingRedis = Redis & {
  take(key: string, burst: number, perSecond: number, cost: number): Promise<[allowed: number, tokens: string]>;
};

/**
 * The cache shared by replicas. Without Redis rate limits go on in this process's own memory (each replica then allows
 * the whole budget: open, but not without bounds), subscriptions come back by themselves, and everything else is
 * refused with `unavailable` within the command's time.
 */
export class RedisCache implements Cache {
  readonly #prefix: string;
  readonly #commands: TakingRedis;
  readonly #subscriber: Redis;
  readonly #heard = new Map<string, Set<(message: string) => void>>();
  readonly #standIn = new MemoryCache();
  readonly #onState: (state: 'up' | 'down', reason?: string) => void;
  #state: 'up' | 'down' = 'up';

  constructor(url: string, options: RedisCacheOptions = {}) {
    this.#prefix = options.prefix ?? 'gabion:';
    this.#onState = options.onState ?? (() => {});
    const timeoutMs = options.commandTimeoutMs ?? 500;
    const shared = {
      connectTimeout: 2_000,
      // ioredis 6 waits this long for the close of a socket that has closed already, and keeps the process from ending.
      disconnectTimeout: 100,
      // Half the delay is random: replicas must not come back to a Redis that has just started in one step.
      retryStrategy: (tries: number) => Math.min(50 * 2 ** Math.min(tries, 6), 2_000) * (0.5 + Math.random() / 2),
    };
    this.#commands = new Redis(url, {
      ...shared,
      commandTimeout: timeoutMs,
      maxRetriesPerRequest: 0,
      autoResendUnfulfilledCommands: false,
    }) as TakingRedis;
    this.#commands.defineCommand('take', { numberOfKeys: 1, lua: takeScript });
    this.#subscriber = new Redis(url, { ...shared, maxRetriesPerRequest: null, commandTimeout: undefined });
    this.#commands.on('error', (error: Error) => this.#became('down', error.message));
    this.#commands.on('ready', () => this.#became('up'));
    this.#subscriber.on('error', () => {});
    this.#subscriber.on('message', (channel, message) => {
      for (const heard of this.#heard.get(channel) ?? []) heard(message);
    });
  }

  async take(key: string, rate: Rate, cost = 1): Promise<Allowance> {
    try {
      const [allowed, tokens] = await this.#commands.take(this.#key('rate', key), rate.burst, rate.perSecond, cost);
      return allowanceOf(rate, cost, allowed === 1, Number(tokens));
    } catch {
      return { ...this.#standIn.takeNow(key, rate, cost), degraded: true };
    }
  }

  async publish(channel: string, message: string): Promise<void> {
    await this.#asked(() => this.#commands.publish(this.#key('live', channel), message));
  }

  async subscribe(channel: string, heard: (message: string) => void): Promise<AsyncDisposable> {
    const name = this.#key('live', channel);
    // A function of its own, so that subscribing one listener twice is two subscriptions.
    const ear = (message: string) => heard(message);
    const ears = this.#heard.get(name) ?? new Set();
    this.#heard.set(name, ears.add(ear));
    const forget = async () => {
      if (!ears.delete(ear) || ears.size > 0) return;
      this.#heard.delete(name);
      // Waits in the queue while Redis is away; nobody has to wait for that.
      this.#subscriber.unsubscribe(name).catch(() => {});
    };
    try {
      await this.#asked(() => within(2_000, this.#subscriber.subscribe(name)));
    } catch (error) {
      await forget();
      throw error;
    }
    return { [Symbol.asyncDispose]: forget };
  }

  async get(key: string): Promise<string | undefined> {
    return (await this.#asked(() => this.#commands.get(this.#key('kept', key)))) ?? undefined;
  }

  async set(key: string, value: string, ttlMs: number): Promise<void> {
    await this.#asked(() => this.#commands.set(this.#key('kept', key), value, 'PX', Math.ceil(ttlMs)));
  }

  async add(key: string, value: string, ttlMs: number): Promise<boolean> {
    const set = () => this.#commands.set(this.#key('kept', key), value, 'PX', Math.ceil(ttlMs), 'NX');
    return (await this.#asked(set)) === 'OK';
  }

  async remove(key: string): Promise<string | undefined> {
    return (await this.#asked(() => this.#commands.getdel(this.#key('kept', key)))) ?? undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#heard.clear();
    this.#commands.disconnect();
    this.#subscriber.disconnect();
    await this.#standIn[Symbol.asyncDispose]();
  }

  #key(kind: string, name: string): string {
    return `${this.#prefix}${kind}:${name}`;
  }

  async #asked<T>(command: () => Promise<T>): Promise<T> {
    try {
      return await command();
    } catch (error) {
      // An answer of Redis itself, as opposed to none at all.
      const refused = error instanceof Error && error.name === 'ReplyError';
      throw new CacheError(refused ? 'failed' : 'unavailable', `Redis: ${(error as Error).message}`, { cause: error });
    }
  }

  #became(state: 'up' | 'down', reason?: string): void {
    if (this.#state === state) return;
    this.#state = state;
    this.#onState(state, reason);
  }
}

async function within<T>(timeoutMs: number, answer: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('no answer in time')), timeoutMs);
  });
  // The late answer of one that lost the race must not become an unhandled rejection.
  answer.catch(() => {});
  return Promise.race([answer, late]).finally(() => clearTimeout(timer));
}

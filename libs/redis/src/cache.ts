/** A budget of `burst` tokens that refills at `perSecond`. */
export interface Rate {
  readonly burst: number;
  readonly perSecond: number;
}

/** What became of one request; `resetMs` is the time until the budget is whole again. */
export interface Allowance {
  readonly allowed: boolean;
  readonly limit: number;
  readonly remaining: number;
  readonly retryAfterMs: number;
  readonly resetMs: number;
  /** True when no store could be asked and the local stand-in decided. */
  readonly degraded?: boolean;
}

/**
 * What several replicas share for a while: rate limits, live messages, and values that expire. Nothing in it is a
 * record: every user of it must be right when it has just been emptied.
 */
export interface Cache extends AsyncDisposable {
  /** Takes `cost` tokens (1 unless told) from the budget named `key`; never rejects and never waits for long. */
  take(key: string, rate: Rate, cost?: number): Promise<Allowance>;
  /** Sends `message` to who is subscribed to `channel` at this moment, in every replica; a lost one is not repeated. */
  publish(channel: string, message: string): Promise<void>;
  /** Hears messages from the moment this resolves until it is disposed; after an outage of Redis by itself again. */
  subscribe(channel: string, heard: (message: string) => void): Promise<AsyncDisposable>;
  /** The value of `key`; undefined when there is none or it has expired. */
  get(key: string): Promise<string | undefined>;
  set(key: string, value: string, ttlMs: number): Promise<void>;
  /** Sets `key` unless it is there already; says whether it did. */
  add(key: string, value: string, ttlMs: number): Promise<boolean>;
  /** Removes `key`; answers the value it had, to one caller only. */
  remove(key: string): Promise<string | undefined>;
}

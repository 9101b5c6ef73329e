import { createSecretKey, type KeyObject } from 'node:crypto';
import { status } from '@grpc/grpc-js';
import { ProviderError } from './provider-error.ts';
import { ciphertextRefused } from './seed-cipher.ts';

/** What the key service told, with the keys of it that are new, opened. */
export interface Told {
  /** kms_key_ids of all keys that may be used. */
  readonly named: readonly string[];
  readonly primary: string;
  readonly fresh: ReadonlyMap<string, Buffer>;
  readonly graceMs: number;
  /** Why there is no key. */
  readonly problem: string;
}

/** How long a call waits for the keys of a plugin that has just started: an API server gives it 3 s. */
const firstWaitMs = 2500;

/** The keys of the cluster, in memory only, for as long as the key service grants. */
export class ClusterKeys {
  #keys = new Map<string, KeyObject>();
  #primary = '';
  #problem = 'keys_not_yet_here';
  #until = 0;
  readonly #first = Promise.withResolvers<void>();
  #expiry: NodeJS.Timeout | undefined;

  constructor(private readonly now: () => number = () => performance.now()) {}

  /** Takes what was told; overwrites the opened keys. Keys that it does not name are forgotten. */
  take({ named, primary, fresh, graceMs, problem }: Told): void {
    const keys = new Map<string, KeyObject>();
    for (const name of named) {
      const opened = fresh.get(name);
      const key = opened ? createSecretKey(opened) : this.#keys.get(name);
      if (key) keys.set(name, key);
    }
    for (const opened of fresh.values()) opened.fill(0);
    this.#keys = keys;
    // Replicas of the service may disagree for a moment; an API server must never see a key_id come back.
    const isBack = keys.has(this.#primary) && numberOf(primary) < numberOf(this.#primary);
    if (!isBack) this.#primary = keys.has(primary) ? primary : '';
    this.#problem = problem || (this.#primary ? '' : 'keys_missing');
    this.#until = this.now() + graceMs;
    clearTimeout(this.#expiry);
    this.#expiry = setTimeout(() => this.#expire(), graceMs + 1).unref();
    this.#first.resolve();
  }

  /** The key to encrypt with. Throws ProviderError while there is none. */
  primary(): { readonly kmsKeyId: string; readonly key: KeyObject } {
    this.#expire();
    const key = this.#keys.get(this.#primary);
    if (!key || this.#problem) throw unusable(this.#problem);
    return { kmsKeyId: this.#primary, key };
  }

  /** The key of a key_id. Throws `ciphertext_refused` for one that is not the cluster's. */
  named(kmsKeyId: string): KeyObject {
    this.primary();
    const key = this.#keys.get(kmsKeyId);
    if (!key) throw ciphertextRefused();
    return key;
  }

  has(kmsKeyId: string): boolean {
    return this.#keys.has(kmsKeyId);
  }

  /** Whether anything was told yet. */
  get isHeard(): boolean {
    return this.#until > 0;
  }

  /** What keeps the keys from use; undefined when nothing does. */
  get problem(): string | undefined {
    this.#expire();
    return this.#problem || undefined;
  }

  /** Resolves when something was told, or when waiting longer would cost the caller its answer. */
  async heardOnce(): Promise<void> {
    if (this.isHeard) return;
    let timer: NodeJS.Timeout | undefined;
    const enough = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, firstWaitMs);
    });
    await Promise.race([this.#first.promise, enough]);
    clearTimeout(timer);
  }

  forget(): void {
    clearTimeout(this.#expiry);
    this.#keys.clear();
  }

  #expire(): void {
    if (!this.isHeard || this.now() < this.#until) return;
    this.#keys.clear();
    this.#problem = 'key_service_silent';
  }
}

/** The growing number in `gabion:<cluster>:<number>:<key>:<version>`. */
function numberOf(kmsKeyId: string): number {
  return Number(kmsKeyId.split(':', 3)[2]) || 0;
}

const messages: Readonly<Record<string, string>> = {
  keys_not_yet_here: 'the key service has not told the keys of this cluster yet',
  key_service_silent: 'the key service has been silent for longer than it grants',
  suspended: 'the encryption of this cluster is suspended',
};

function unusable(problem: string): ProviderError {
  const isPassing = problem === 'keys_not_yet_here' || problem === 'key_service_silent';
  const message = messages[problem] ?? 'the key of this cluster cannot be used';
  return new ProviderError(problem, message, isPassing ? status.UNAVAILABLE : status.FAILED_PRECONDITION);
}

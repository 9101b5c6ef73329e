import { hash } from 'node:crypto';
import { timestampMs } from '@bufbuild/protobuf/wkt';
import { AuthenticationService } from '@gabion/contracts/gabion/identity/v1/authentication_pb';
import type { Client, Connection } from '@gabion/rpc/client';
import { Fault } from '@gabion/rpc/fault';
import { counter } from '@gabion/telemetry/metrics';
import type { Caller } from '@gabion/trust/caller';

interface Known {
  readonly caller: Caller;
  readonly untilMs: number;
}

export interface CallersOptions {
  readonly identity: Connection;
  readonly now?: () => number;
  /** How many tokens are remembered; the one longest unused is forgotten first. */
  readonly maxEntries?: number;
}

const positiveMs = 60_000;
const negativeMs = 2_000;

/**
 * Who a token belongs to, as identity says. Answers are remembered for a minute at most and only while identity can
 * say at once that one is void; in any other time each request asks.
 */
export class Callers {
  readonly #client: Client<typeof AuthenticationService>;
  readonly #now: () => number;
  readonly #maxEntries: number;
  readonly #known = new Map<string, Known>();
  readonly #refused = new Map<string, number>();
  readonly #asking = new Map<string, Promise<Caller>>();
  /** Counts what made answers void, so that an answer which was under way meanwhile is not believed. */
  #epoch = 0;
  #isWatching = false;

  constructor({ identity, now = Date.now, maxEntries = 10_000 }: CallersOptions) {
    this.#client = identity.client(AuthenticationService);
    this.#now = now;
    this.#maxEntries = maxEntries;
  }

  /** The caller if no one need be asked. */
  known(token: string): Caller | undefined {
    const key = keyOf(token);
    const known = this.#known.get(key);
    if (!known) return undefined;
    this.#known.delete(key);
    if (known.untilMs <= this.#now()) return undefined;
    this.#known.set(key, known);
    return known.caller;
  }

  /** The caller of a token. Throws UNAUTHENTICATED when identity does not know it, UNAVAILABLE when it cannot be asked. */
  async of(token: string): Promise<Caller> {
    const known = this.known(token);
    if (known) return known;
    const key = keyOf(token);
    if ((this.#refused.get(key) ?? 0) > this.#now()) throw tokenRefused();
    // An answer under way is shared only while a revocation would be heard.
    if (!this.#isWatching) return this.#ask(token, key);
    const asking = this.#asking.get(key) ?? this.#ask(token, key);
    this.#asking.set(key, asking);
    return asking;
  }

  /** Whether a watch of revocations is up; when it goes, everything remembered goes with it. */
  set isWatching(isWatching: boolean) {
    this.#isWatching = isWatching;
    this.forget();
  }

  get isWatching(): boolean {
    return this.#isWatching;
  }

  /** Drops what is remembered of one caller, or of all. */
  forget(callerId?: string): void {
    this.#epoch++;
    this.#asking.clear();
    // A role that was granted or a token that was made must be seen at once too.
    this.#refused.clear();
    if (callerId === undefined) this.#known.clear();
    else for (const [key, { caller }] of this.#known) if (caller.id === callerId) this.#known.delete(key);
  }

  async #ask(token: string, key: string): Promise<Caller> {
    try {
      for (let attempt = 0; attempt < 3; attempt++) {
        const epoch = this.#epoch;
        const { caller, expireTime } = await this.#client.authenticate({ token }, { deadlineMs: 5000 });
        if (!caller) throw new Fault('internal', 'identity answered without a caller', { code: 'identity_malformed' });
        if (epoch !== this.#epoch) continue;
        const untilMs = Math.min(
          this.#now() + positiveMs,
          expireTime ? timestampMs(expireTime) : Number.POSITIVE_INFINITY,
        );
        if (this.#isWatching) remember(this.#known, key, { caller, untilMs }, this.#maxEntries);
        return caller;
      }
      throw new Fault('unavailable', 'permissions are changing; try again', {
        code: 'identity_unavailable',
        retryAfterMs: 1000,
      });
    } catch (error) {
      throw this.#refusal(error, key);
    } finally {
      this.#asking.delete(key);
    }
  }

  #refusal(error: unknown, key: string): Fault {
    const isRefused = error instanceof Fault && (error.kind === 'unauthenticated' || error.kind === 'invalid_argument');
    counter('gateway_authentications_failed_total', 'Tokens that led to no caller.', ['reason']).inc({
      reason: isRefused ? 'refused' : 'identity_unavailable',
    });
    if (!isRefused)
      return new Fault('unavailable', 'who you are cannot be checked now', {
        code: 'identity_unavailable',
        retryAfterMs: 1000,
        cause: error,
      });
    remember(this.#refused, key, this.#now() + negativeMs, this.#maxEntries);
    return tokenRefused();
  }
}

function tokenRefused(): Fault {
  return new Fault('unauthenticated', 'the token is unknown, expired or revoked', { code: 'token_refused' });
}

/** Tokens themselves are not kept in memory. */
function keyOf(token: string): string {
  return hash('sha256', token, 'base64');
}

function remember<V>(map: Map<string, V>, key: string, value: V, most: number): void {
  map.delete(key);
  map.set(key, value);
  if (map.size > most) map.delete(map.keys().next().value!);
}

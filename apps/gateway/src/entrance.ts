import { clone } from '@bufbuild/protobuf';
import type { Access } from '@gabion/contracts/access';
import { CallerSchema } from '@gabion/contracts/gabion/identity/v1/caller_pb';
import type { Allowance, Cache, Rate } from '@gabion/redis/cache';
import { Fault } from '@gabion/rpc/fault';
import { counter } from '@gabion/telemetry/metrics';
import type { Caller } from '@gabion/trust/caller';
import type { Callers } from './callers.ts';
import type { Limits } from './config.ts';
import { networkOf } from './source-address.ts';

/** Somebody at the door, by either port. */
export interface Visit {
  readonly address: string;
  /** The Authorization header or metadata, as given. */
  readonly authorization: string | undefined;
  readonly access: Access;
}

export type Rates = Pick<Limits, 'callerRate' | 'addressRate' | 'failureRate'>;

export type Budget = 'caller' | 'address' | 'failure';

/** Told of what a budget has left, also when the visit is turned away. */
export type Budgeted = (budget: Budget, allowance: Allowance, rate: Rate) => void;

/**
 * The one way in for REST and gRPC: who is it, and have they asked too much. Failed authentications have a small
 * budget per network, whose exhaustion shuts out tokens that are not known already.
 */
export class Entrance {
  readonly #callers: Callers;
  readonly #cache: Cache;
  readonly #rates: Rates;
  readonly #shutUntilMs = new Map<string, number>();

  constructor(callers: Callers, cache: Cache, rates: Rates) {
    this.#callers = callers;
    this.#cache = cache;
    this.#rates = rates;
  }

  /** Lets a visit in as its caller (undefined for an anonymous call) or throws the Fault with which it is turned away. */
  async enter({ address, authorization, access }: Visit, budgeted: Budgeted): Promise<Caller | undefined> {
    if (authorization === undefined) {
      await this.#take('address', networkOf(address), this.#rates.addressRate, budgeted);
      if (access.way !== 'anonymous')
        throw new Fault('unauthenticated', 'show a token: Authorization: Bearer gbn_…', { code: 'token_missing' });
      return undefined;
    }
    const token = tokenIn(authorization);
    const caller =
      (token === undefined ? undefined : this.#callers.known(token)) ??
      (await this.#authenticated(token, networkOf(address), budgeted));
    await this.#take('caller', caller.id, this.#rates.callerRate, budgeted);
    return seenFrom(caller, address);
  }

  /** Asks who it is; a token that is known already does not come here. */
  async #authenticated(token: string | undefined, network: string, budgeted: Budgeted): Promise<Caller> {
    const shutMs = (this.#shutUntilMs.get(network) ?? 0) - Date.now();
    if (shutMs > 0) throw tooMany('failure', 'too many failed authentications from your address', shutMs);
    try {
      if (!token)
        throw new Fault('unauthenticated', 'the Authorization header is not "Bearer gbn_…"', {
          code: 'token_malformed',
        });
      return await this.#callers.of(token);
    } catch (error) {
      if (error instanceof Fault && error.kind === 'unauthenticated') await this.#countFailure(network, budgeted);
      throw error;
    }
  }

  async #countFailure(network: string, budgeted: Budgeted): Promise<void> {
    const rate = this.#rates.failureRate;
    const allowance = await this.#cache.take(`gateway:failure:${network}`, rate);
    budgeted('failure', allowance, rate);
    if (allowance.allowed && allowance.remaining > 0) return;
    this.#shutUntilMs.delete(network);
    this.#shutUntilMs.set(network, Date.now() + Math.max(allowance.retryAfterMs, 1000 / rate.perSecond));
    if (this.#shutUntilMs.size > 10_000) this.#shutUntilMs.delete(this.#shutUntilMs.keys().next().value!);
  }

  async #take(budget: Budget, who: string, rate: Rate, budgeted: Budgeted): Promise<void> {
    const allowance = await this.#cache.take(`gateway:${budget}:${who}`, rate);
    budgeted(budget, allowance, rate);
    if (!allowance.allowed) throw tooMany(budget, 'you ask more often than you may', allowance.retryAfterMs);
  }
}

function tooMany(budget: Budget, message: string, retryAfterMs: number): Fault {
  counter('gateway_rate_limited_total', 'Requests turned away because there were too many.', ['budget']).inc({
    budget,
  });
  return new Fault('resource_exhausted', message, { code: 'rate_limited', retryAfterMs });
}

/** RFC 6750 §2.1; the scheme's name in any case (RFC 9110 §11.1). */
function tokenIn(authorization: string): string | undefined {
  return /^bearer +(gbn_[A-Za-z0-9._~+/=-]{8,508})$/i.exec(authorization)?.[1];
}

/** The caller as last seen, for each that is remembered: most come from one address. */
const lastSeen = new WeakMap<Caller, Caller>();

function seenFrom(caller: Caller, sourceAddress: string): Caller {
  const last = lastSeen.get(caller);
  if (last?.sourceAddress === sourceAddress) return last;
  const seen = clone(CallerSchema, caller);
  seen.sourceAddress = sourceAddress;
  // Frozen, its bytes are made only once too.
  Object.freeze(seen.permissions);
  lastSeen.set(caller, Object.freeze(seen));
  return seen;
}

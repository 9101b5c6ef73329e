import { createLog } from '@gabion/telemetry/log';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { sql } from 'kysely';
import { Revocations } from '../src/revocations.ts';
import { eventually, faultOf, type Gateway, person, platform, root } from './platform.ts';

let identity: Awaited<ReturnType<typeof platform>>;
beforeAll(async () => {
  identity = await platform({ replicas: 2 });
});
afterAll(async () => {
  await identity[Symbol.asyncDispose]();
});

/** A gateway that keeps answers as the contract allows: only while it watches, and dropped when it is told. */
class CachingGateway {
  readonly #gateway: Gateway;
  readonly #delayMs: number;
  readonly #aborting = new AbortController();
  readonly #cache = new Map<string, string>();
  readonly #acknowledgements: bigint[] = [];
  #wake = () => {};
  #isStalled = false;
  heartbeats = 0;
  isWatching = true;
  readonly ended: Promise<unknown>;

  constructor(gateway: Gateway, delayMs: number) {
    this.#gateway = gateway;
    this.#delayMs = delayMs;
    this.ended = this.#watch();
  }

  static async open(gateway: Gateway, delayMs = 0): Promise<CachingGateway> {
    const caching = new CachingGateway(gateway, delayMs);
    await eventually(() => caching.heartbeats > 0);
    return caching;
  }

  /** Reads on, but no longer acknowledges nor drops anything. */
  stall(): void {
    this.#isStalled = true;
  }

  async letsIn(token: string): Promise<boolean> {
    if (this.#cache.has(token)) return true;
    const caller = await this.#gateway.callerOf(token).catch(() => undefined);
    if (caller && this.heartbeats > 0) this.#cache.set(token, caller.id);
    return caller !== undefined;
  }

  async close(): Promise<void> {
    this.#aborting.abort();
    await this.ended;
  }

  async #watch(): Promise<unknown> {
    try {
      const { signal } = this.#aborting;
      for await (const notice of this.#gateway.authentication.watchRevocations(this.#requests(), { signal })) {
        if (notice.sequence === 0n) this.heartbeats++;
        else if (!this.#isStalled) {
          // A gateway is busy with other things first: an answer that came without waiting for it would be seen.
          await new Promise((resolve) => setTimeout(resolve, this.#delayMs));
          this.#apply(notice);
        }
      }
      return undefined;
    } catch (error) {
      return error;
    } finally {
      this.isWatching = false;
      this.#cache.clear();
      this.#aborting.abort();
      this.#wake();
    }
  }

  #apply({ sequence, callerId, all }: { sequence: bigint; callerId: string; all: boolean }): void {
    for (const [token, id] of this.#cache) if (all || id === callerId) this.#cache.delete(token);
    this.#acknowledgements.push(sequence);
    this.#wake();
  }

  async *#requests() {
    yield { acknowledged: 0n };
    while (!this.#aborting.signal.aborted) {
      const acknowledged = this.#acknowledgements.shift();
      if (acknowledged !== undefined) yield { acknowledged };
      else
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
    }
  }
}

async function three(): Promise<CachingGateway[]> {
  return await Promise.all([0, 20, 60].map((delayMs) => CachingGateway.open(identity.gateway, delayMs)));
}

describe('a revocation', () => {
  it('is in force at three watching gateways when the call answers', async () => {
    const gateways = await three();
    for (let round = 0; round < 20; round++) {
      const { caller, token, tokenId } = await person(identity.gateway, 'viewer');
      for (const gateway of gateways) expect(await gateway.letsIn(token)).toBe(true);
      await identity.gateway.tokens.revokeToken({ id: tokenId }, { caller });
      for (const gateway of gateways) expect(await gateway.letsIn(token)).toBe(false);
    }
    expect(gateways.map(({ isWatching }) => isWatching)).toEqual([true, true, true]);
    await Promise.all(gateways.map((gateway) => gateway.close()));
  });

  it('of roles, people and service accounts is in force as well', async () => {
    const gateways = await three();
    const { caller, token } = await person(identity.gateway, 'viewer');
    const letIn = () => Promise.all(gateways.map((gateway) => gateway.letsIn(token)));
    expect(await letIn()).toEqual([true, true, true]);
    await identity.gateway.users.disableUser({ id: caller.id }, { caller: root });
    expect(await letIn()).toEqual([false, false, false]);

    const account = await identity.gateway.serviceAccounts.createServiceAccount({ name: 'robot' }, { caller: root });
    const { text } = await identity.gateway.tokens.createToken({ name: 'x', ownerId: account.id }, { caller: root });
    for (const gateway of gateways) expect(await gateway.letsIn(text)).toBe(true);
    await identity.gateway.serviceAccounts.deleteServiceAccount({ id: account.id }, { caller: root });
    for (const gateway of gateways) expect(await gateway.letsIn(text)).toBe(false);
    await Promise.all(gateways.map((gateway) => gateway.close()));
  });

  it('waits a second for a watcher that does not acknowledge, closes it, and is then in force', async () => {
    const [stalled, ...others] = (await three()) as [CachingGateway, CachingGateway, CachingGateway];
    const { caller, token, tokenId } = await person(identity.gateway, 'viewer');
    for (const gateway of [stalled, ...others]) expect(await gateway.letsIn(token)).toBe(true);
    stalled.stall();
    const before = performance.now();
    await identity.gateway.tokens.revokeToken({ id: tokenId }, { caller });
    const tookMs = performance.now() - before;
    expect(tookMs).toBeGreaterThan(900);
    expect(tookMs).toBeLessThan(2000);
    expect(await stalled.ended).toMatchObject({ kind: 'aborted', code: 'watch_stalled' });
    for (const gateway of [stalled, ...others]) expect(await gateway.letsIn(token)).toBe(false);

    const next = await person(identity.gateway, 'viewer');
    const quick = performance.now();
    await identity.gateway.tokens.revokeToken({ id: next.tokenId }, { caller: next.caller });
    expect(performance.now() - quick).toBeLessThan(900);
    await Promise.all(others.map((gateway) => gateway.close()));
  });

  it('does not wait for a watcher that has left', async () => {
    const gateway = await CachingGateway.open(identity.gateway);
    gateway.stall();
    const { caller, tokenId } = await person(identity.gateway, 'viewer');
    const revoking = identity.gateway.tokens.revokeToken({ id: tokenId }, { caller });
    await gateway.close();
    const before = performance.now();
    await revoking;
    expect(performance.now() - before).toBeLessThan(900);
  });

  it('reaches the watchers of the other replica', async () => {
    const [here, there] = identity.gateways as [Gateway, Gateway];
    const gateway = await CachingGateway.open(there);
    const { caller, token, tokenId } = await person(here, 'viewer');
    expect(await gateway.letsIn(token)).toBe(true);
    await here.tokens.revokeToken({ id: tokenId }, { caller });
    await eventually(async () => !(await gateway.letsIn(token)));
    await gateway.close();
  });

  it('of a token that is revoked already answers the same', async () => {
    const { caller, tokenId } = await person(identity.gateway, 'viewer');
    const first = await identity.gateway.tokens.revokeToken({ id: tokenId }, { caller });
    const second = await identity.gateway.tokens.revokeToken({ id: tokenId }, { caller });
    expect(second).toEqual(first);
  });

  it('is not one when the transaction fails', async () => {
    const gateway = await CachingGateway.open(identity.gateway);
    const { caller, token } = await person(identity.gateway, 'administrator');
    expect(await gateway.letsIn(token)).toBe(true);
    const fault = await faultOf(
      identity.gateway.roles.setRoles({ subjectId: caller.id, roles: ['emperor'] }, { caller: root }),
    );
    expect(fault.code).toBe('role_unknown');
    expect(await gateway.letsIn(token)).toBe(true);
    await gateway.close();
  });
});

describe('the stream of revocations', () => {
  const log = createLog({ service: 'test', level: 'silent' });

  it('beats while the database is heard', async () => {
    await using own = await platform();
    await using revocations = await Revocations.open(own.db, log, { heartbeat: 50, patience: 1000 });
    const leaving = new AbortController();
    const notices = revocations.watch(never(leaving.signal), leaving.signal)[Symbol.asyncIterator]();
    for (let beat = 0; beat < 4; beat++) expect((await notices.next()).value).toEqual({});
    leaving.abort();
  });

  it('tells to drop everything when notifications may have been missed', async () => {
    await using own = await platform();
    await using revocations = await Revocations.open(own.db, log, { heartbeat: 60_000, patience: 1000 });
    const leaving = new AbortController();
    const notices = revocations.watch(never(leaving.signal), leaving.signal)[Symbol.asyncIterator]();
    await notices.next();
    await sql`select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and query like 'listen%'`.execute(own.db.kysely);
    expect((await notices.next()).value).toMatchObject({ all: true });
    leaving.abort();
  });

  it('ends when the database is not heard any more', async () => {
    await using own = await platform();
    const deaf = { ...own.db, listen: async () => ({ [Symbol.asyncDispose]: async () => {} }) };
    await using revocations = await Revocations.open(deaf, log, { heartbeat: 50, patience: 1000 });
    const leaving = new AbortController();
    const notices = revocations.watch(never(leaving.signal), leaving.signal)[Symbol.asyncIterator]();
    const readAll = async () => {
      for (let next = await notices.next(); !next.done; next = await notices.next()) expect(next.value).toEqual({});
    };
    await expect(readAll()).rejects.toMatchObject({ kind: 'unavailable' });
    leaving.abort();
  });

  it('is bounded in number', async () => {
    await using own = await platform();
    await using revocations = await Revocations.open(own.db, log);
    const leaving = new AbortController();
    const watch = () => revocations.watch(never(leaving.signal), leaving.signal)[Symbol.asyncIterator]();
    for (let nth = 0; nth < 64; nth++) await watch().next();
    await expect(watch().next()).rejects.toMatchObject({ code: 'too_many_watchers' });
    leaving.abort();
  });

  it('ends at once when the service stops', async () => {
    const own = await platform();
    const gateway = await CachingGateway.open(own.gateway);
    const before = performance.now();
    await own.started[0]?.[Symbol.asyncDispose]();
    expect(performance.now() - before).toBeLessThan(1500);
    expect(await gateway.ended).toMatchObject({ kind: 'unavailable' });
    await own[Symbol.asyncDispose]();
  });
});

/** A client that says nothing until it leaves. */
async function* never(signal: AbortSignal): AsyncIterable<never> {
  await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}

import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { Database } from '@gabion/postgres/database';
import { PostgresError } from '@gabion/postgres/postgres-error';
import type { Logger } from '@gabion/telemetry/log';
import { sql } from 'kysely';
import { scanErrorOf } from '../scan-errors.ts';
import type { Scope } from './registry.ts';
import { type LeasedSweep, SweepLost, type SweepParts, SweepStep } from './sweep-step.ts';
import { addSweep, sweepChannel } from './sweeps.ts';

/** How long a sweep stays with a replica that gives no sign of life; longer than a step takes. */
const leaseMs = 120_000;
/** How often scans of a sweep that has nothing else to do are looked at. */
const restMs = 500;
const eventRetentionDays = 7;

/** Takes sweeps on, one step of each at a time, and begins those whose time has come, until it is disposed. */
export class SweepRunner implements AsyncDisposable {
  readonly #worker = randomUUID();
  readonly #step: SweepStep;
  readonly #stopping = new AbortController();
  #woken = Promise.withResolvers<void>();
  #listening: AsyncDisposable | undefined;
  #running: Promise<void> | undefined;

  constructor(
    private readonly parts: SweepParts,
    private readonly log: Logger,
  ) {
    this.#step = new SweepStep(parts, this.#worker);
  }

  async begin(): Promise<void> {
    this.#listening = await this.parts.db.listen(sweepChannel, () => this.#woken.resolve());
    this.#running = this.#run();
  }

  /** Sweeps at hand are let go, so that another replica goes on at once. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort();
    this.#woken.resolve();
    await this.#listening?.[Symbol.asyncDispose]();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      this.#woken = Promise.withResolvers();
      const isBusy = await this.#round().catch((error: unknown) => {
        if (!signal.aborted) this.log.warn({ error }, 'sweeps cannot be taken on; it is tried again');
        return false;
      });
      if (isBusy || signal.aborted) continue;
      await Promise.race([pause(restMs, undefined, { signal }).catch(() => {}), this.#woken.promise]);
    }
    await sql`update sweeps set leased_by = null, lease_until = null where leased_by = ${this.#worker}`
      .execute(this.parts.db.kysely)
      .catch(() => {});
  }

  /** A step of each sweep that nobody else holds. */
  async #round(): Promise<boolean> {
    await this.parts.db.transaction((tx) => beginDue(tx));
    await sql`
      delete from registry_events where (registry, event) in (
        select registry, event from registry_events
        where time < now() - ${eventRetentionDays} * interval '1 day' limit 1000
      )`.execute(this.parts.db.kysely);
    let isBusy = false;
    for (const sweep of await this.#lease()) {
      if (this.#stopping.signal.aborted) return false;
      if (await this.#take(sweep)) isBusy = true;
    }
    return isBusy;
  }

  async #lease(): Promise<LeasedSweep[]> {
    const { rows } = await sql<LeasedSweep>`
      update sweeps set leased_by = ${this.#worker}, lease_until = now() + ${leaseMs} * interval '1 millisecond'
      from registries
      where registries.name = sweeps.registry and sweeps.id = any(array(
        select id from sweeps
        where state in ('listing', 'scanning')
          and (leased_by is null or leased_by = ${this.#worker} or lease_until < now())
        order by seq limit 16 for update skip locked
      ))
      returning sweeps.*, registries.host`.execute(this.parts.db.kysely);
    return rows;
  }

  async #take(sweep: LeasedSweep): Promise<boolean> {
    const within = AbortSignal.any([this.#stopping.signal, AbortSignal.timeout(leaseMs - 10_000)]);
    try {
      return await this.#step.take(sweep, within);
    } catch (error) {
      if (error instanceof SweepLost || this.#stopping.signal.aborted) return false;
      if (error instanceof PostgresError) throw error;
      const told = within.aborted
        ? { code: 'registry_unavailable', message: 'the registry did not answer in time' }
        : scanErrorOf(error);
      if (told.code === 'internal') this.log.error({ error, sweepId: sweep.id }, 'sweep failed unforeseen');
      await this.#step.fail(sweep, told);
      return false;
    }
  }
}

/** Begins the sweeps whose time has come, one of a registry at a time. */
async function beginDue(tx: Parameters<Parameters<Database['transaction']>[0]>[0]): Promise<void> {
  const { rows } = await sql<{ name: string; sweep_scope: Scope }>`
    update registries set next_sweep_time = now() + sweep_interval_ms * interval '1 millisecond'
    where name = any(array(
      select name from registries
      where next_sweep_time <= now() and sweep_interval_ms is not null
        and not exists (select from sweeps where registry = name and state in ('listing', 'scanning'))
      for update skip locked
    ))
    returning name, sweep_scope`.execute(tx);
  for (const { name, sweep_scope } of rows) await addSweep(tx, name, sweep_scope);
}

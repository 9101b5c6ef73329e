import { randomUUID } from 'node:crypto';
import { SecretSyncState } from '@gabion/contracts/gabion/kms/v1/secret_syncs_pb';
import { PostgresError } from '@gabion/postgres/postgres-error';
import { Fault } from '@gabion/rpc/fault';
import type { Logger } from '@gabion/telemetry/log';
import { KubernetesError } from '../clusters/kubernetes-connection.ts';
import { codeOf, messageOf } from '../clusters/kubernetes-failure.ts';
import { Rounds } from '../rounds.ts';
import { type SyncOutcome, type SyncParts, SyncStep } from './sync-step.ts';
import type { SecretSyncRow } from './tables.ts';

const everyMs = 1000;
/** How long a sync stays with a replica that gives no sign of life; longer than a look takes. */
const leaseMs = 60_000;
const lookMs = 45_000;
/** Looked at at a time. */
const most = 8;
/** Pauses after failures: doubled each time. */
const pause = { firstMs: 5000, mostMs: 300_000 };

/** Looks at the targets whose time has come. Replicas share them by leases. */
export class SyncRunner extends Rounds {
  readonly #worker = randomUUID();
  readonly #step: SyncStep;
  readonly #stopping = new AbortController();

  constructor(
    private readonly parts: SyncParts,
    private readonly log: Logger,
  ) {
    super({ everyMs, log, complaint: 'syncs of secrets cannot be taken on, will try again' });
    this.#step = new SyncStep(parts);
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort();
    await super[Symbol.asyncDispose]();
  }

  protected async work(): Promise<void> {
    while (this.parts.barrier.isOpen && !this.#stopping.signal.aborted) {
      const leased = await this.#lease();
      await Promise.all(leased.map((sync) => this.#take(sync)));
      if (leased.length < most) return;
    }
  }

  async #lease(): Promise<SecretSyncRow[]> {
    const { db, now } = this.parts;
    const time = now();
    return db.kysely
      .updateTable('secret_syncs')
      .set({ leased_by: this.#worker, lease_until: new Date(time.getTime() + leaseMs) })
      .where('id', 'in', (query) =>
        query
          .selectFrom('secret_syncs')
          .select('id')
          .where('next_time', '<=', time)
          .where((or) => or.or([or('lease_until', 'is', null), or('lease_until', '<', time)]))
          .orderBy('next_time')
          .limit(most)
          .forUpdate()
          .skipLocked(),
      )
      .returningAll()
      .execute();
  }

  async #take(sync: SecretSyncRow): Promise<void> {
    const within = AbortSignal.any([this.#stopping.signal, AbortSignal.timeout(lookMs)]);
    try {
      const outcome = await this.#step.take(sync, within);
      await this.#store(
        sync,
        { ...outcome, error_code: '', error_message: '', attempts: 0 },
        sync.check_seconds * 1000,
      );
    } catch (error) {
      if (error instanceof PostgresError) throw error;
      if (!(error instanceof Fault || error instanceof KubernetesError))
        this.log.error({ error, sync: sync.id }, 'sync of a secret failed unforeseen');
      const waitMs = Math.min(pause.mostMs, pause.firstMs * 2 ** Math.min(sync.attempts, 10));
      const failure = { error_code: codeOf(error), error_message: messageOf(error), attempts: sync.attempts + 1 };
      await this.#store(sync, { state: SecretSyncState.FAILED, ...failure }, waitMs);
    }
  }

  /** What was changed meanwhile is looked at again at once: its time is not put off. */
  async #store(
    { id, next_time: before }: SecretSyncRow,
    outcome: SyncOutcome & Pick<SecretSyncRow, 'error_code' | 'error_message' | 'attempts'>,
    waitMs: number,
  ): Promise<void> {
    const time = this.parts.now();
    const mine = this.parts.db.kysely
      .updateTable('secret_syncs')
      .where('id', '=', id)
      .where('leased_by', '=', this.#worker);
    const free = { leased_by: null, lease_until: null };
    const { numUpdatedRows } = await mine
      .where('next_time', '=', before)
      .set({ ...outcome, ...free, check_time: time, next_time: new Date(time.getTime() + waitMs) })
      .executeTakeFirst();
    if (numUpdatedRows === 0n) await mine.set(free).execute();
  }
}

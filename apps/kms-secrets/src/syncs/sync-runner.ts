import { SecretSyncState } from '@gabion/contracts/gabion/kms/v1/secret_syncs_pb';
import { PostgresError } from '@gabion/postgres/postgres-error';
import { Fault } from '@gabion/rpc/fault';
import type { Logger } from '@gabion/telemetry/log';
import { KubernetesError } from '../clusters/kubernetes-connection.ts';
import { codeOf, messageOf } from '../clusters/kubernetes-failure.ts';
import { LeasedRounds } from '../leased-rounds.ts';
import { type SyncOutcome, type SyncParts, SyncStep } from './sync-step.ts';
import type { SecretSyncRow } from './tables.ts';

/** Pauses after failures: doubled each time. */
const pause = { firstMs: 5000, mostMs: 300_000 };

/** Looks at the targets whose time has come. */
export class SyncRunner extends LeasedRounds<SecretSyncRow> {
  readonly #step: SyncStep;

  constructor(
    private readonly parts: SyncParts,
    private readonly log: Logger,
  ) {
    const complaint = 'syncs of secrets cannot be taken on, will try again';
    super(parts, { table: 'secret_syncs', key: 'id' }, { log, complaint });
    this.#step = new SyncStep(parts);
  }

  protected async take(sync: SecretSyncRow, within: AbortSignal): Promise<void> {
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
      .where('leased_by', '=', this.worker);
    const free = { leased_by: null, lease_until: null };
    const { numUpdatedRows } = await mine
      .where('next_time', '=', before)
      .set({ ...outcome, ...free, check_time: time, next_time: new Date(time.getTime() + waitMs) })
      .executeTakeFirst();
    if (numUpdatedRows === 0n) await mine.set(free).execute();
  }
}

import { PostgresError } from '@gabion/postgres/postgres-error';
import { Fault } from '@gabion/rpc/fault';
import type { Logger } from '@gabion/telemetry/log';
import { LeasedRounds } from '../leased-rounds.ts';
import { failed, RotationLost } from './rotation-outcome.ts';
import { type RotationParts, RotationStep } from './rotation-step.ts';
import type { SecretRotationRow } from './tables.ts';

/** Rotates the secrets whose time has come. */
export class RotationRunner extends LeasedRounds<SecretRotationRow> {
  readonly #step: RotationStep;

  constructor(
    private readonly parts: RotationParts,
    private readonly log: Logger,
  ) {
    const complaint = 'rotations of secrets cannot be taken on, will try again';
    super(parts, { table: 'secret_rotations', key: 'path' }, { log, complaint });
    this.#step = new RotationStep(parts);
  }

  protected async take(leased: SecretRotationRow, within: AbortSignal): Promise<void> {
    try {
      await this.#step.take(leased, within);
    } catch (error) {
      if (error instanceof RotationLost) return;
      if (error instanceof PostgresError) throw error;
      await this.#afterFailure(leased.path, error);
    }
  }

  async #afterFailure(path: string, error: unknown): Promise<void> {
    const { db, now } = this.parts;
    // Neither the end of this replica nor the seal is the rotation's fault.
    if (this.isStopping || isOfSeal(error)) return this.#free(path);
    if (!(error instanceof Fault)) this.log.error({ error, path }, 'rotation of a secret failed unforeseen');
    const failure =
      error instanceof Fault ? error : { code: 'internal', message: 'the service failed; its log has the reason' };
    await db.transaction(async (tx) => {
      const row = await tx
        .selectFrom('secret_rotations')
        .selectAll()
        .where('path', '=', path)
        .where('leased_by', '=', this.worker)
        .forUpdate()
        .executeTakeFirst();
      if (row) await failed(tx, row, failure, now());
    });
  }

  async #free(path: string): Promise<void> {
    await this.parts.db.kysely
      .updateTable('secret_rotations')
      .set({ leased_by: null, lease_until: null })
      .where('path', '=', path)
      .where('leased_by', '=', this.worker)
      .execute();
  }
}

function isOfSeal(error: unknown): boolean {
  return error instanceof Fault && (error.code === 'sealed' || error.code === 'seal_unconfirmed');
}

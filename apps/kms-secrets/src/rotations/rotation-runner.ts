import { randomUUID } from 'node:crypto';
import { PostgresError } from '@gabion/postgres/postgres-error';
import { Fault } from '@gabion/rpc/fault';
import type { Logger } from '@gabion/telemetry/log';
import { Rounds } from '../rounds.ts';
import { failed, RotationLost } from './rotation-outcome.ts';
import { type RotationParts, RotationStep } from './rotation-step.ts';
import type { SecretRotationRow } from './tables.ts';

const everyMs = 1000;
/** How long a rotation stays with a replica that gives no sign of life; longer than an attempt takes. */
const leaseMs = 60_000;
const attemptMs = 45_000;
/** Attempts at a time. */
const most = 8;

/** Rotates the secrets whose time has come. Replicas share them by leases. */
export class RotationRunner extends Rounds {
  readonly #worker = randomUUID();
  readonly #step: RotationStep;
  readonly #stopping = new AbortController();

  constructor(
    private readonly parts: RotationParts,
    private readonly log: Logger,
  ) {
    super({ everyMs, log, complaint: 'rotations of secrets cannot be taken on, will try again' });
    this.#step = new RotationStep(parts);
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort();
    await super[Symbol.asyncDispose]();
  }

  protected async work(): Promise<void> {
    while (this.parts.barrier.isOpen && !this.#stopping.signal.aborted) {
      const leased = await this.#lease();
      await Promise.all(leased.map((row) => this.#take(row)));
      if (leased.length < most) return;
    }
  }

  async #lease(): Promise<SecretRotationRow[]> {
    const { db, now } = this.parts;
    const time = now();
    return db.kysely
      .updateTable('secret_rotations')
      .set({ leased_by: this.#worker, lease_until: new Date(time.getTime() + leaseMs) })
      .where('path', 'in', (query) =>
        query
          .selectFrom('secret_rotations')
          .select('path')
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

  async #take(leased: SecretRotationRow): Promise<void> {
    const within = AbortSignal.any([this.#stopping.signal, AbortSignal.timeout(attemptMs)]);
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
    if (this.#stopping.signal.aborted || isOfSeal(error)) return this.#free(path);
    if (!(error instanceof Fault)) this.log.error({ error, path }, 'rotation of a secret failed unforeseen');
    const failure =
      error instanceof Fault ? error : { code: 'internal', message: 'the service failed; its log has the reason' };
    await db.transaction(async (tx) => {
      const row = await tx
        .selectFrom('secret_rotations')
        .selectAll()
        .where('path', '=', path)
        .where('leased_by', '=', this.#worker)
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
      .where('leased_by', '=', this.#worker)
      .execute();
  }
}

function isOfSeal(error: unknown): boolean {
  return error instanceof Fault && (error.code === 'sealed' || error.code === 'seal_unconfirmed');
}

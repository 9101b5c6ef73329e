import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import type { Clock } from './area.ts';
import type { Database } from './db/schema.ts';
import { Rounds, type RoundsParts } from './rounds.ts';
import type { Barrier } from './seal/barrier.ts';

/** Rows with `next_time`, `leased_by` and `lease_until`, by the column that names each. */
export interface LeasedTable {
  readonly table: 'secret_rotations' | 'secret_syncs';
  readonly key: 'path' | 'id';
}

export interface LeasingParts {
  readonly db: Database;
  readonly barrier: Barrier;
  readonly now: Clock;
}

/** How long a row stays with a replica that gives no sign of life, in ms; longer than what is done with one may take. */
const leaseMs = 60_000;
const workMs = 45_000;
/** Rows at a time. */
const most = 8;

/** Rounds over the rows whose time has come, while the seal is open. Replicas share them by leases. */
export abstract class LeasedRounds<Row> extends Rounds {
  /** Who holds this replica's leases. */
  protected readonly worker = randomUUID();
  readonly #parts: LeasingParts;
  readonly #of: LeasedTable;
  readonly #stopping = new AbortController();

  constructor(parts: LeasingParts, of: LeasedTable, rounds: Omit<RoundsParts, 'everyMs'>) {
    super({ ...rounds, everyMs: 1000 });
    this.#parts = parts;
    this.#of = of;
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort();
    await super[Symbol.asyncDispose]();
  }

  protected get isStopping(): boolean {
    return this.#stopping.signal.aborted;
  }

  /** Does what is due with a row, and lets go of it. */
  protected abstract take(row: Row, within: AbortSignal): Promise<void>;

  protected async work(): Promise<void> {
    while (this.#parts.barrier.isOpen && !this.isStopping) {
      const leased = await this.#lease();
      await Promise.all(
        leased.map((row) => this.take(row, AbortSignal.any([this.#stopping.signal, AbortSignal.timeout(workMs)]))),
      );
      if (leased.length < most) return;
    }
  }

  async #lease(): Promise<readonly Row[]> {
    const { db, now } = this.#parts;
    const time = now();
    const [table, key] = [sql.table(this.#of.table), sql.ref(this.#of.key)];
    const { rows } = await sql<Row>`
      update ${table} set leased_by = ${this.worker}, lease_until = ${new Date(time.getTime() + leaseMs)}
      where ${key} in (
        select ${key} from ${table}
        where next_time <= ${time} and (lease_until is null or lease_until < ${time})
        order by next_time limit ${most} for update skip locked
      )
      returning *`.execute(db.kysely);
    return rows;
  }
}

import type { Logger } from '@gabion/telemetry/log';
import type { Database } from '../db/schema.ts';
import { followed, overwrite } from './opening.ts';
import type { OpenRoot } from './root-key.ts';
import { sealFaults } from './seal-faults.ts';
import { findSeal, sealChannel } from './seal-store.ts';
import type { SealRow } from './tables.ts';

/** How often the database is asked whether the service is still open, and how long an answer is good for, in ms. */
const confirming = { everyMs: 500, goodForMs: 2000 };

/** What this replica holds of the seal, kept in step with the database: the keys of an open one, nothing of a closed one. */
export class OpenSeal implements AsyncDisposable {
  readonly #db: Database;
  readonly #log: Logger;
  readonly #forgetting = new Set<() => void>();
  readonly #stopping = new AbortController();
  #row: SealRow | undefined;
  #held: OpenRoot | undefined;
  #closings = '0';
  // Monotonic: a clock that is set back makes no answer good for longer.
  #confirmedAt = Number.NEGATIVE_INFINITY;
  #asking: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #listening: AsyncDisposable | undefined;

  private constructor(db: Database, log: Logger) {
    this.#db = db;
    this.#log = log;
  }

  static async follow(db: Database, log: Logger): Promise<OpenSeal> {
    const seal = new OpenSeal(db, log);
    seal.#listening = await db.listen(sealChannel, () => void seal.confirm().catch(() => {}));
    await seal.confirm();
    seal.#timer = setInterval(() => void seal.confirm().catch(() => {}), confirming.everyMs).unref();
    return seal;
  }

  /** The seal as the database told last. */
  get row(): SealRow | undefined {
    return this.#row;
  }

  get isOpen(): boolean {
    return this.#held !== undefined;
  }

  /** Whether the database told of the seal a moment ago. */
  get isConfirmed(): boolean {
    return performance.now() - this.#confirmedAt <= confirming.goodForMs;
  }

  /** The keys; throws unless the service is initialised, open, and was so a moment ago. Never kept across an await. */
  get keys(): OpenRoot {
    if (!this.#row) throw sealFaults.notInitialised();
    if (!this.#held) throw sealFaults.sealed();
    if (!this.isConfirmed) throw sealFaults.unconfirmed();
    return this.#held;
  }

  /** Opens this replica with keys that opened `row`; of several who do at once, the first one does. */
  open(held: OpenRoot, row: SealRow): void {
    if (this.#held) return overwrite(held, this.#held);
    this.#held = held;
    this.#closings = row.closings;
    this.#log.info({ generation: row.generation, rootVersion: row.root_version }, 'the seal is open');
    this.take(row);
  }

  close(): void {
    if (!this.#held) return;
    overwrite(this.#held);
    this.#held = undefined;
    for (const forget of this.#forgetting) forget();
    this.#log.warn({}, 'the seal is closed');
  }

  onClose(forget: () => void): Disposable {
    this.#forgetting.add(forget);
    return { [Symbol.dispose]: () => this.#forgetting.delete(forget) };
  }

  /** Asks the database; several who want to know share one answer, but none that is older than their question. */
  async confirm(): Promise<void> {
    await this.#asking?.catch(() => {});
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = undefined;
    });
    await this.#asking;
  }

  /** Goes along with what the database, or a transaction that committed, says of the seal. */
  take(row: SealRow | undefined): void {
    // An answer that was under way while somebody changed the seal.
    if (row && this.#row && isOlder(row, this.#row)) return;
    this.#row = row;
    if (!this.#held) return;
    const kept = row && row.closings === this.#closings ? followed(this.#held, row) : undefined;
    if (!kept) return this.close();
    overwrite(this.#held, kept);
    this.#held = kept;
  }

  async #ask(): Promise<void> {
    // What is known is as old as the question, not as the answer.
    const askedAt = performance.now();
    const row = await findSeal(this.#db.kysely);
    if (this.#stopping.signal.aborted) return;
    this.take(row);
    this.#confirmedAt = askedAt;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort();
    clearInterval(this.#timer);
    await this.#listening?.[Symbol.asyncDispose]();
    this.close();
  }
}

/** All three only grow. */
function isOlder(row: SealRow, known: SealRow): boolean {
  const isBehind = row.generation < known.generation || row.root_version < known.root_version;
  return isBehind || BigInt(row.closings) < BigInt(known.closings);
}

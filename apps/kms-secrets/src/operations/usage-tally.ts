import { KeyOperation } from '@gabion/contracts/gabion/kms/v1/keys_pb';
import type { Logger } from '@gabion/telemetry/log';
import { sql } from 'kysely';
import type { Database, Tx } from '../db/schema.ts';
import { Rounds } from '../rounds.ts';
import type { TimedUse } from './usage-trail.ts';

const everyMs = 1000;
const counted: ReadonlySet<KeyOperation> = new Set([
  KeyOperation.ENCRYPT,
  KeyOperation.GENERATE_DATA_KEY,
  KeyOperation.REWRAP,
]);

interface Encryptions {
  readonly id: string;
  readonly version: number;
  count: number;
}

/**
 * How often versions encrypted, and who used a key last: written once a second, beside the trail, since every use would
 * otherwise wait for the same few rows. A kill loses a second's count; nonces run out at twice what a version may count to.
 */
export class UsageTally extends Rounds {
  #encryptions = new Map<string, Encryptions>();
  #callers = new Map<string, TimedUse>();

  constructor(
    private readonly db: Database,
    log: Logger,
  ) {
    super({ everyMs, log, complaint: 'uses of keys were not counted, will try again' });
  }

  add(uses: readonly TimedUse[]): void {
    for (const use of uses) {
      const { keyId: id, version, operation, count, code, callerKind, callerId } = use;
      this.#callers.set(`${id}/${callerKind}/${callerId}`, use);
      if (code !== '' || !counted.has(operation)) continue;
      const name = `${id}/${version}`;
      const known = this.#encryptions.get(name);
      if (known) known.count += count;
      else this.#encryptions.set(name, { id, version, count });
    }
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    await this.round();
    await super[Symbol.asyncDispose]();
  }

  /** Writes what was added; what could not be written waits for the next round. */
  protected async work(): Promise<void> {
    if (this.#callers.size === 0) return;
    const [encryptions, callers] = [this.#encryptions, this.#callers];
    this.#encryptions = new Map();
    this.#callers = new Map();
    try {
      await this.db.transaction(async (tx) => {
        await countEncryptions(tx, encryptions);
        await rememberCallers(tx, callers);
      });
    } catch (error) {
      for (const [name, use] of callers) if (!this.#callers.has(name)) this.#callers.set(name, use);
      for (const [name, { count, ...rest }] of encryptions) {
        const known = this.#encryptions.get(name);
        this.#encryptions.set(name, { ...rest, count: count + (known?.count ?? 0) });
      }
      throw error;
    }
  }
}

/** Sorted, as every replica does, so that two of them do not wait for each other. */
function sorted<T>(rows: ReadonlyMap<string, T>): T[] {
  return [...rows].sort(([left], [right]) => (left < right ? -1 : 1)).map(([, row]) => row);
}

async function countEncryptions(tx: Tx, encryptions: ReadonlyMap<string, Encryptions>): Promise<void> {
  for (const { id, version, count } of sorted(encryptions))
    await sql`
      update key_versions set encryptions = encryptions + ${count} where key_id = ${id} and version = ${version}
    `.execute(tx);
}

async function rememberCallers(tx: Tx, callers: ReadonlyMap<string, TimedUse>): Promise<void> {
  const rows = sorted(callers).map(({ keyId, callerKind, callerId, time }) => ({
    key_id: keyId,
    caller_kind: callerKind,
    caller_id: callerId,
    last_use_time: time,
  }));
  await tx
    .insertInto('key_callers')
    .values(rows)
    .onConflict((conflict) =>
      conflict
        .columns(['key_id', 'caller_kind', 'caller_id'])
        .doUpdateSet({ last_use_time: sql`greatest(key_callers.last_use_time, excluded.last_use_time)` }),
    )
    .execute();
}

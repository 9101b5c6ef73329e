import type { MessageInitShape } from '@bufbuild/protobuf';
import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import { KeysUsedSchema, type KeyUseSchema } from '@gabion/contracts/gabion/kms/v1/events_pb';
import { KeyOperation } from '@gabion/contracts/gabion/kms/v1/keys_pb';
import { publishAll } from '@gabion/events/publish';
import { Fault } from '@gabion/rpc/fault';
import { sql } from 'kysely';
import type { Clock } from '../area.ts';
import type { Database, Tx } from '../db/schema.ts';

/** One use, or alike ones of a batch; never anything of the data. */
export interface Use {
  readonly keyId: string;
  readonly version: number;
  readonly operation: KeyOperation;
  readonly callerKind: string;
  readonly callerId: string;
  readonly contextSha256: Uint8Array;
  readonly count: number;
  /** Stable code of the refusal; empty for success. */
  readonly code: string;
  readonly requestId: string;
}

/** A use, and when it was. */
export type TimedUse = Use & { readonly time: Date };

interface Waiting {
  readonly uses: readonly Use[];
  readonly time: Date;
  done(error?: unknown): void;
}

/** Uses in one event (some 150 bytes each), and those that may wait for the database. */
const most = { inEvent: 2000, waiting: 50_000 };
const counted: ReadonlySet<KeyOperation> = new Set([
  KeyOperation.ENCRYPT,
  KeyOperation.GENERATE_DATA_KEY,
  KeyOperation.REWRAP,
]);

/**
 * The trail of uses. A use is acknowledged once it is stored: those that come while a transaction is under way are stored
 * together by the next, as a record each would cost more than the encryption.
 */
export class UsageTrail {
  readonly #db: Database;
  readonly #reporter: string;
  readonly #now: Clock;
  #waiting: Waiting[] = [];
  #count = 0;
  #isStoring = false;

  constructor(db: Database, reporter: string, now: Clock) {
    this.#db = db;
    this.#reporter = reporter;
    this.#now = now;
  }

  /** Throws `uses_waiting` when the trail is so far behind that the use had better not be made. */
  assertRoom(): void {
    if (this.#count >= most.waiting)
      throw new Fault('resource_exhausted', 'too many uses of keys wait to be recorded', {
        code: 'uses_waiting',
        retryAfterMs: 1000,
      });
  }

  /** Answers when the uses are stored; throws `use_not_recorded` when they could not be. */
  async record(uses: readonly Use[]): Promise<void> {
    const stored = new Promise<void>((resolve, reject) => {
      const done = (error?: unknown) => (error === undefined ? resolve() : reject(error));
      this.#waiting.push({ uses, time: this.#now(), done });
    });
    this.#count += uses.length;
    if (!this.#isStoring) void this.#store();
    await stored;
  }

  async #store(): Promise<void> {
    this.#isStoring = true;
    // One turn of the event loop, so that calls that came together are stored together.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#waiting.length > 0) {
      const group = this.#waiting;
      this.#waiting = [];
      this.#count = 0;
      await this.#storeGroup(group);
    }
    this.#isStoring = false;
  }

  async #storeGroup(group: readonly Waiting[]): Promise<void> {
    let failed: Fault | undefined;
    try {
      await this.#db.transaction((tx) => this.#write(tx, group));
    } catch (cause) {
      failed = new Fault('unavailable', 'the use of the key could not be recorded, and so was not made', {
        code: 'use_not_recorded',
        cause,
      });
    }
    for (const { done } of group) done(failed);
  }

  async #write(tx: Tx, group: readonly Waiting[]): Promise<void> {
    const all = group.flatMap(({ uses, time }) => uses.map((use) => ({ ...use, time })));
    await this.write(tx, all);
  }

  /** Stores uses that were made elsewhere, in the caller's transaction. */
  async write(tx: Tx, all: readonly TimedUse[]): Promise<void> {
    const events: MessageInitShape<typeof KeysUsedSchema>[] = [];
    for (let at = 0; at < all.length; at += most.inEvent)
      events.push({ reporter: this.#reporter, uses: all.slice(at, at + most.inEvent).map(messageOf) });
    await publishAll(tx, KeysUsedSchema, events, { source: 'kms-secrets' });
    await countEncryptions(tx, all);
    await rememberCallers(tx, all);
  }
}

function messageOf({ time, ...use }: TimedUse): MessageInitShape<typeof KeyUseSchema> {
  return { ...use, time: timestampFromDate(time) };
}

/** Sorted by key, as every replica does, so that two of them do not wait for each other. */
async function countEncryptions(tx: Tx, uses: readonly Use[]): Promise<void> {
  const counts = new Map<string, { id: string; version: number; count: number }>();
  for (const { keyId, version, operation, count, code } of uses) {
    if (code !== '' || !counted.has(operation)) continue;
    const name = `${keyId}/${version}`;
    counts.set(name, { id: keyId, version, count: count + (counts.get(name)?.count ?? 0) });
  }
  const rows = [...counts].sort(([left], [right]) => (left < right ? -1 : 1)).map(([, row]) => row);
  for (const { id, version, count } of rows)
    await sql`
      update key_versions set encryptions = encryptions + ${count} where key_id = ${id} and version = ${version}
    `.execute(tx);
}

async function rememberCallers(tx: Tx, uses: readonly TimedUse[]): Promise<void> {
  const last = new Map(uses.map((use) => [`${use.keyId}/${use.callerKind}/${use.callerId}`, use]));
  const rows = [...last]
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([, use]) => ({
      key_id: use.keyId,
      caller_kind: use.callerKind,
      caller_id: use.callerId,
      last_use_time: use.time,
    }));
  if (rows.length === 0) return;
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

import type { MessageInitShape } from '@bufbuild/protobuf';
import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import { KeysUsedSchema, type KeyUseSchema } from '@gabion/contracts/gabion/kms/v1/events_pb';
import type { KeyOperation } from '@gabion/contracts/gabion/kms/v1/keys_pb';
import { publishAll } from '@gabion/events/publish';
import { Fault } from '@gabion/rpc/fault';
import type { Clock } from '../area.ts';
import type { Database, Tx } from '../db/schema.ts';
import type { UsageTally } from './usage-tally.ts';

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
  /** Where the call came from, as the gateway saw it; empty for calls of services. */
  readonly sourceAddress: string;
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

/**
 * The trail of uses. A use is acknowledged once it is stored: those that come while a transaction is under way are stored
 * together by the next, as a record each would cost more than the encryption.
 */
export class UsageTrail {
  readonly #db: Database;
  readonly #reporter: string;
  readonly #now: Clock;
  readonly #tally: UsageTally;
  #waiting: Waiting[] = [];
  #count = 0;
  #isStoring = false;

  constructor(db: Database, reporter: string, now: Clock, tally: UsageTally) {
    this.#db = db;
    this.#reporter = reporter;
    this.#now = now;
    this.#tally = tally;
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
    tx.afterCommit(() => this.#tally.add(all));
  }
}

function messageOf({ time, ...use }: TimedUse): MessageInitShape<typeof KeyUseSchema> {
  return { ...use, time: timestampFromDate(time) };
}

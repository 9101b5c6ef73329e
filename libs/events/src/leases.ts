import { createHash } from 'node:crypto';
import type { Database } from '@gabion/postgres/database';
import type { Logger } from '@gabion/telemetry/log';
import { type Kysely, sql } from 'kysely';
import { Pause } from './pause.ts';

const memberKey = -1;
const tickMs = 1_000;

/** Partitions of one group and topic that this process has taken; a lock named `relay` is a share of one. */
export class Share {
  readonly name: number;
  readonly size: number;
  readonly onChange: () => void;
  owned: ReadonlySet<number> = new Set();

  constructor(name: string, size: number, onChange: () => void) {
    this.name = createHash('sha256').update(name).digest().readInt32BE(0);
    this.size = size;
    this.onChange = onChange;
  }
}

/**
 * Divides partitions among the replicas of a group by advisory locks of one session in the group's own database.
 * Nothing is written, and a process that dies loses its session and so its locks at once. The locks only spare work:
 * what makes effects happen once is the version of the cursor.
 */
export class Leases implements AsyncDisposable {
  readonly #db: Database;
  readonly #log: Logger;
  readonly #shares = new Set<Share>();
  readonly #pause = new Pause();
  readonly #running: Promise<void>;
  #isClosed = false;

  constructor(db: Database, log: Logger) {
    this.#db = db;
    this.#log = log;
    this.#running = this.#run();
  }

  /** Takes part in a group until disposed; `onChange` runs when `owned` has changed. */
  join(name: string, size: number, onChange: () => void): Share {
    const share = new Share(name, size, onChange);
    this.#shares.add(share);
    this.#pause.end();
    return share;
  }

  leave(share: Share): void {
    this.#shares.delete(share);
    share.owned = new Set();
    this.#left.push(share);
    this.#pause.end();
  }

  readonly #left: Share[] = [];

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    this.#pause.close();
    await this.#running;
  }

  async #run(): Promise<void> {
    while (!this.#isClosed) {
      try {
        if (this.#shares.size === 0) await this.#pause.wait(tickMs * 10);
        else await this.#db.kysely.connection().execute((session) => this.#hold(session));
      } catch (error) {
        this.#log.debug({ error }, 'the session that holds partitions was lost');
        await this.#pause.wait(tickMs);
      } finally {
        this.#lose();
      }
    }
  }

  async #hold(session: Kysely<unknown>): Promise<void> {
    const members = new Set<Share>();
    try {
      while (!this.#isClosed) {
        for (const share of this.#left.splice(0)) {
          await sql`select pg_advisory_unlock(${share.name}, n) from unnest(${[...Array(share.size).keys()]}::int[]) n`.execute(
            session,
          );
          await sql`select pg_advisory_unlock_shared(${share.name}, ${memberKey})`.execute(session);
        }
        for (const share of this.#shares) {
          if (!members.has(share))
            await sql`select pg_advisory_lock_shared(${share.name}, ${memberKey})`.execute(session);
          members.add(share);
          await this.#balance(session, share);
        }
        await this.#pause.wait(tickMs);
      }
    } finally {
      // The connection goes back to the pool: it must not carry locks along.
      await sql`select pg_advisory_unlock_all()`.execute(session).catch(() => {});
    }
  }

  async #balance(session: Kysely<unknown>, share: Share): Promise<void> {
    const { rows } = await sql<{ partition: string; is_mine: boolean }>`
      select objid::bigint as partition, pid = pg_backend_pid() as is_mine from pg_locks
      where locktype = 'advisory' and objsubid = 2 and granted
        and database = (select oid from pg_database where datname = current_database())
        and classid::bigint = ${share.name >>> 0}::bigint`.execute(session);
    const locks = rows.map((row) => ({ partition: Number(row.partition) | 0, isMine: row.is_mine }));
    const members = locks.filter((lock) => lock.partition === memberKey).length;
    const fair = Math.ceil(share.size / Math.max(members, 1));
    const taken = new Set(locks.map((lock) => lock.partition));
    const owned = new Set(locks.filter((lock) => lock.isMine && lock.partition >= 0).map((lock) => lock.partition));
    const before = [...owned].sort().join();
    for (const partition of [...owned].slice(fair)) {
      await sql`select pg_advisory_unlock(${share.name}, ${partition})`.execute(session);
      owned.delete(partition);
    }
    const free = [...Array(share.size).keys()].filter((partition) => !taken.has(partition));
    for (const partition of free) {
      if (owned.size >= fair) break;
      const { rows: got } = await sql<{ got: boolean }>`
        select pg_try_advisory_lock(${share.name}, ${partition}) as got`.execute(session);
      if (got[0]!.got) owned.add(partition);
    }
    if (!this.#shares.has(share)) return;
    const isChanged = before !== [...owned].sort().join() || share.owned.size !== owned.size;
    share.owned = owned;
    if (isChanged) share.onChange();
  }

  #lose(): void {
    for (const share of this.#shares) {
      share.owned = new Set();
      share.onChange();
    }
  }
}

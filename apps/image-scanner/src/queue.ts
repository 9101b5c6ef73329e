import type { FindingKind } from '@gabion/contracts/gabion/scan/v1/scans_pb';
import type { Database, Tx } from '@gabion/postgres/database';
import { sql } from 'kysely';
import type { SeverityCounts, TargetKind, Warning } from './scan.ts';
import type { ScanCredentials } from './scan-credentials.ts';
import { channels } from './scans.ts';

/** A scan that a worker holds. */
export interface LeasedScan {
  readonly id: string;
  readonly target: string;
  readonly reference: string | null;
  readonly upload_id: string | null;
  readonly home: string | null;
  readonly platform: string;
  readonly plain_http: boolean;
  readonly has_credentials: boolean;
  readonly traceparent: string | null;
  readonly attempts: number;
  readonly kinds: FindingKind[];
  readonly lock_files: boolean;
  readonly target_kind: TargetKind;
}

export interface Progress {
  readonly layersTotal: number;
  readonly layersDone: number;
  readonly bytesTotal: number;
  readonly bytesDone: number;
}

/** What a scan that ended well is remembered by. */
export interface Outcome {
  readonly imageId: string;
  readonly counts: SeverityCounts;
  readonly warnings: readonly Warning[];
  readonly total: Progress;
}

/** Thrown where a worker finds that a scan is no longer its own: another one holds it, and what was worked out is void. */
export class LeaseLost extends Error {
  override readonly name = 'LeaseLost';
}

/** After this many workers died over a scan, no other one tries it. */
export const maxAttempts = 3;

/** So many leases there are to one that goes by age alone, and so long a scan waits before it is owed one. */
const fairShare = 4;
const patienceMs = 600_000;

/** Scans as work: leased by one worker at a time, back in the queue when its signs of life end. */
export class Queue {
  #leases = 0;

  constructor(
    private readonly db: Database,
    /** This worker; new at each start, so that a process never takes over what it left behind unnoticed. */
    private readonly worker: string,
    /** The data directory whose scans this worker can open. */
    private readonly home: string,
    private readonly leaseMs: number,
    private readonly credentials: ScanCredentials,
  ) {}

  /**
   * The scan that comes first: by priority, then by age. One in `fairShare` goes to the oldest of all once that has
   * waited for `patienceMs`, so that whoever is in the background is served, too. One with `attempts` over the bound is
   * to be given up, and so is one whose data directory has not been seen for a day.
   */
  async lease(): Promise<LeasedScan | undefined> {
    const isTurnOfOldest = this.#leases++ % fairShare === fairShare - 1;
    const order = isTurnOfOldest && (await this.#isOldestImpatient()) ? sql`seq` : sql`priority, seq`;
    return this.db.transaction(async (tx) => {
      // One after the other where registries have a bound: each must see what the others have begun.
      await sql`
        select pg_advisory_xact_lock(hashtextextended('scan leases', 0)) where exists (select from registries)`.execute(
        tx,
      );
      const { rows } = await sql<LeasedScan>`
        update scans
        set state = 'running', leased_by = ${this.worker}, lease_until = ${this.#until()}, attempts = attempts + 1,
          start_time = coalesce(start_time, now()), layers_done = 0, bytes_done = 0
        where id = (
          select id from scans
          where ${this.#isWaiting()} and registry_host <> all(${busyRegistries})
          order by ${order}
          limit 1
          for update skip locked
        )
        returning id, target, reference, upload_id, home, platform, plain_http, has_credentials, traceparent, attempts,
          kinds, lock_files, target_kind`.execute(tx);
      if (rows[0]) await tellChange(tx, rows[0].id);
      return rows[0];
    });
  }

  async #isOldestImpatient(): Promise<boolean> {
    const { rows } = await sql<{ is_impatient: boolean }>`
      select create_time < now() - ${patienceMs} * interval '1 millisecond' as is_impatient
      from scans where ${this.#isWaiting()} order by seq limit 1`.execute(this.db.kysely);
    return rows[0]?.is_impatient ?? false;
  }

  #isWaiting() {
    return sql`(state = 'queued' or (state = 'running' and lease_until < now()))
      and (home is null or home = ${this.home} or create_time < now() - interval '1 day')`;
  }

  /** A sign of life; answers which of the scans this worker still holds. */
  async renew(ids: readonly string[]): Promise<ReadonlySet<string>> {
    const { rows } = await sql<{ id: string }>`
      update scans set lease_until = ${this.#until()}
      where id = any(${[...ids]}::uuid[]) and leased_by = ${this.worker} and state = 'running'
      returning id`.execute(this.db.kysely);
    return new Set(rows.map(({ id }) => id));
  }

  /** Gives a scan back as if it had not been tried, for a worker that stops. */
  async giveBack(id: string): Promise<void> {
    await this.db.transaction(async (tx) => {
      await sql`
        update scans
        set state = 'queued', leased_by = null, lease_until = null, attempts = attempts - 1, start_time = null
        where id = ${id} and leased_by = ${this.worker} and state = 'running'`.execute(tx);
      await sql`delete from layer_leases where scan_id = ${id}`.execute(tx);
      await sql`select pg_notify(${channels.queued}, '')`.execute(tx);
      await tellChange(tx, id);
    });
  }

  async report(id: string, { layersTotal, layersDone, bytesTotal, bytesDone }: Progress): Promise<void> {
    await this.db.transaction(async (tx) => {
      await sql`
        update scans
        set layers_total = ${layersTotal}, layers_done = ${layersDone}, bytes_total = ${bytesTotal}, bytes_done = ${bytesDone}
        where id = ${id} and leased_by = ${this.worker} and state = 'running'`.execute(tx);
      await tellChange(tx, id);
    });
  }

  /** Ends a scan well, in the transaction that stores what it found. */
  succeed(tx: Tx, id: string, { imageId, counts, warnings, total }: Outcome): Promise<void> {
    return this.#end(
      tx,
      id,
      sql`state = 'succeeded', image_id = ${imageId}, severity_counts = ${JSON.stringify(counts)}::jsonb,
        warnings = ${JSON.stringify(warnings)}::jsonb, layers_total = ${total.layersTotal},
        layers_done = ${total.layersDone}, bytes_total = ${total.bytesTotal}, bytes_done = ${total.bytesDone}`,
    );
  }

  fail(tx: Tx, id: string, error: { code: string; message: string }): Promise<void> {
    return this.#end(tx, id, sql`state = 'failed', error_code = ${error.code}, error_message = ${error.message}`);
  }

  async #end(tx: Tx, id: string, how: ReturnType<typeof sql>): Promise<void> {
    const { rows } = await sql<{ has_credentials: boolean }>`
      update scans set ${how}, end_time = now(), leased_by = null, lease_until = null
      where id = ${id} and leased_by = ${this.worker} and state = 'running'
      returning has_credentials`.execute(tx);
    const [ended] = rows;
    if (ended?.has_credentials) tx.afterCommit(() => void this.credentials.forget(id));
    if (!ended) throw new LeaseLost(`scan ${id} is no longer held by this worker`);
    await sql`delete from layer_leases where scan_id = ${id}`.execute(tx);
    await tellChange(tx, id);
  }

  #until() {
    return sql`now() + ${this.leaseMs} * interval '1 millisecond'`;
  }
}

/** Registries at which as many scans are at work as their settings allow, over all replicas. */
const busyRegistries = sql`array(
  select host from registries
  where (select count(*) from scans where registry_host = host and state = 'running' and lease_until >= now())
    >= max_concurrent_scans
)`;

/** Tells watchers in every replica, once the transaction has been committed. */
async function tellChange(tx: Tx, id: string): Promise<void> {
  await sql`select pg_notify(${channels.changed}, ${id})`.execute(tx);
}

import type { Database } from '@gabion/postgres/database';
import { sql } from 'kysely';
import type { LayerThreads } from './layer-threads.ts';

const channel = 'layer_settled';

/** Contents of layers, packed, each read once by whichever scan comes first, in whichever replica. */
export class Layers implements AsyncDisposable {
  /** Where layers are read and put together. */
  readonly threads: LayerThreads;
  readonly #db: Database;
  readonly #version: string;
  readonly #listening: AsyncDisposable;
  readonly #waiting: Set<() => void>;

  private constructor(
    threads: LayerThreads,
    db: Database,
    version: string,
    listening: AsyncDisposable,
    waiting: Set<() => void>,
  ) {
    this.threads = threads;
    this.#db = db;
    this.#version = version;
    this.#listening = listening;
    this.#waiting = waiting;
  }

  /** `version` is that of the analysers: contents kept under another one are not looked at. */
  static async open(db: Database, version: string, threads: LayerThreads): Promise<Layers> {
    const waiting = new Set<() => void>();
    const listening = await db.listen(channel, () => {
      for (const wake of waiting) wake();
    });
    return new Layers(threads, db, version, listening, waiting);
  }

  /** Which of the layers need not be read; they are in use from now on. */
  async known(diffIds: readonly string[]): Promise<ReadonlySet<string>> {
    const { rows } = await sql<{ diff_id: string }>`
      select diff_id from layers
      where diff_id = any(${[...diffIds]}::text[]) and analyser_version = ${this.#version}`.execute(this.#db.kysely);
    await sql`
      update layers set use_time = now()
      where diff_id = any(${[...diffIds]}::text[]) and use_time < now() - interval '1 day'`.execute(this.#db.kysely);
    return new Set(rows.map((row) => row.diff_id));
  }

  /** The contents of a layer: those stored, or what `read` answers; another scan that reads it now is waited for. */
  async contents(
    diffId: string,
    scanId: string,
    read: () => Promise<Uint8Array>,
    signal: AbortSignal,
  ): Promise<Uint8Array> {
    for (;;) {
      signal.throwIfAborted();
      using settled = this.#settled(signal);
      const stored = await this.#stored(diffId);
      if (stored) return stored;
      if (await this.#lease(diffId, scanId)) return this.#read(diffId, scanId, read);
      await settled.promise;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#listening[Symbol.asyncDispose]();
    await this.threads[Symbol.asyncDispose]();
  }

  async #read(diffId: string, scanId: string, read: () => Promise<Uint8Array>): Promise<Uint8Array> {
    try {
      // It may have been stored between the look and the lease.
      const meanwhile = await this.#stored(diffId);
      if (meanwhile) return meanwhile;
      const contents = await read();
      const stored = Buffer.from(contents.buffer, contents.byteOffset, contents.length);
      await sql`
        insert into layers (diff_id, analyser_version, contents) values (${diffId}, ${this.#version}, ${stored})
        on conflict (diff_id, analyser_version) do update set contents = excluded.contents`.execute(this.#db.kysely);
      return contents;
    } finally {
      await this.#release(diffId, scanId);
    }
  }

  async #stored(diffId: string): Promise<Uint8Array | undefined> {
    const { rows } = await sql<{ contents: Buffer }>`
      select contents from layers where diff_id = ${diffId} and analyser_version = ${this.#version}`.execute(
      this.#db.kysely,
    );
    // The driver's buffers share memory with other answers; this one is to be handed to a thread.
    return rows[0] && new Uint8Array(rows[0].contents);
  }

  /** A lease of a scan that has ended, or whose worker gives no sign of life, is taken over. */
  async #lease(diffId: string, scanId: string): Promise<boolean> {
    const { numAffectedRows } = await sql`
      insert into layer_leases (diff_id, analyser_version, scan_id) values (${diffId}, ${this.#version}, ${scanId})
      on conflict (diff_id, analyser_version) do update set scan_id = excluded.scan_id
      where layer_leases.scan_id = excluded.scan_id or not exists (
        select from scans where id = layer_leases.scan_id and state = 'running' and lease_until > now()
      )`.execute(this.#db.kysely);
    return numAffectedRows === 1n;
  }

  async #release(diffId: string, scanId: string): Promise<void> {
    await sql`
      with released as (
        delete from layer_leases
        where diff_id = ${diffId} and analyser_version = ${this.#version} and scan_id = ${scanId}
      )
      select pg_notify(${channel}, '')`.execute(this.#db.kysely);
  }

  /** Resolves when a layer was settled by some scan, and after a second, since a worker may die without a word. */
  #settled(signal: AbortSignal): { promise: Promise<void> } & Disposable {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, 1000);
    this.#waiting.add(resolve);
    signal.addEventListener('abort', () => resolve(), { once: true });
    return {
      promise,
      [Symbol.dispose]: () => {
        this.#waiting.delete(resolve);
        clearTimeout(timer);
        resolve();
      },
    };
  }
}

import { promisify } from 'node:util';
import { zstdCompress, zstdDecompress } from 'node:zlib';
import type { Database } from '@gabion/postgres/database';
import { decodeLayer, encodeLayer } from '@gabion/rootfs/layer-codec';
import type { LayerContents } from '@gabion/rootfs/layer-contents';
import { sql } from 'kysely';

const compress = promisify(zstdCompress);
const decompress = promisify(zstdDecompress);

const channel = 'layer_settled';

/** Contents of layers, each read once by whichever scan comes first, in whichever replica. */
export class Layers implements AsyncDisposable {
  readonly #db: Database;
  readonly #version: string;
  readonly #listening: AsyncDisposable;
  readonly #waiting: Set<() => void>;

  private constructor(db: Database, version: string, listening: AsyncDisposable, waiting: Set<() => void>) {
    this.#db = db;
    this.#version = version;
    this.#listening = listening;
    this.#waiting = waiting;
  }

  /** `version` is that of the analysers: contents kept under another one are not looked at. */
  static async open(db: Database, version: string): Promise<Layers> {
    const waiting = new Set<() => void>();
    const listening = await db.listen(channel, () => {
      for (const wake of waiting) wake();
    });
    return new Layers(db, version, listening, waiting);
  }

  /** Which of the layers need not be read. */
  async known(diffIds: readonly string[]): Promise<ReadonlySet<string>> {
    const { rows } = await sql<{ diff_id: string }>`
      select diff_id from layers
      where diff_id = any(${[...diffIds]}::text[]) and analyser_version = ${this.#version}`.execute(this.#db.kysely);
    return new Set(rows.map((row) => row.diff_id));
  }

  /** The contents of a layer: those stored, or what `read` answers; another scan that reads it now is waited for. */
  async contents(
    diffId: string,
    scanId: string,
    read: () => Promise<LayerContents>,
    signal: AbortSignal,
  ): Promise<LayerContents> {
    for (;;) {
      signal.throwIfAborted();
      using settled = this.#settled(signal);
      const stored = await this.#stored(diffId);
      if (stored) return stored;
      if (await this.#lease(diffId, scanId)) return this.#read(diffId, scanId, read);
      await settled.promise;
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve(this.#listening[Symbol.asyncDispose]());
  }

  async #read(diffId: string, scanId: string, read: () => Promise<LayerContents>): Promise<LayerContents> {
    try {
      // It may have been stored between the look and the lease.
      const meanwhile = await this.#stored(diffId);
      if (meanwhile) return meanwhile;
      const contents = await read();
      const encoded = await compress(encodeLayer(contents));
      await sql`
        insert into layers (diff_id, analyser_version, contents) values (${diffId}, ${this.#version}, ${encoded})
        on conflict (diff_id, analyser_version) do update set contents = excluded.contents`.execute(this.#db.kysely);
      return contents;
    } finally {
      await this.#release(diffId, scanId);
    }
  }

  async #stored(diffId: string): Promise<LayerContents | undefined> {
    const { rows } = await sql<{ contents: Buffer }>`
      select contents from layers where diff_id = ${diffId} and analyser_version = ${this.#version}`.execute(
      this.#db.kysely,
    );
    return rows[0] && decodeLayer(await decompress(rows[0].contents));
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

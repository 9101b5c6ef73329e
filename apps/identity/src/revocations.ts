import { randomUUID } from 'node:crypto';
import type { WatchRevocationsRequest } from '@gabion/contracts/gabion/identity/v1/authentication_pb';
import { Fault } from '@gabion/rpc/fault';
import type { Logger } from '@gabion/telemetry/log';
import { counter, gauge } from '@gabion/telemetry/metrics';
import { sql } from 'kysely';
import { z } from 'zod';
import type { Database, Tx } from './db/schema.ts';
import { type Notice, Watcher } from './watcher.ts';

/** Whose cached answers are void: one caller's, or everybody's. */
export type Revoked = { readonly callerId: string } | 'all';

const channel = 'identity_revocations';
const maxWatchers = 64;
/** Own revocations that are remembered until they come back. */
const maxTold = 1000;

/** Times in milliseconds. */
export interface RevocationTimes {
  /** Between two heartbeats. */
  readonly heartbeat: number;
  /** For a watcher to acknowledge before its stream is closed. */
  readonly patience: number;
}

const heard = z.object({ origin: z.string(), id: z.string().optional(), callerId: z.string().optional() });

/** A revocation, known by its id to the replica that made it when it comes back from the database. */
interface Revocation {
  readonly id: string;
  readonly revoked: Revoked;
}

const live = () => gauge('gabion_identity_revocation_watchers', 'Live streams of revocations in this process.');
const stalled = () =>
  counter(
    'gabion_identity_revocation_watchers_stalled_total',
    'Streams closed because they did not acknowledge in time.',
  );

/**
 * Tells every gateway what it must no longer believe. A revocation goes to the streams of this replica itself and to
 * the other replicas by NOTIFY, which PostgreSQL delivers when the transaction has committed. Heartbeats travel the same
 * way and back, so that a replica which hears nothing from the database closes its streams and with them the caches.
 */
export class Revocations implements AsyncDisposable {
  static async open(
    db: Database,
    log: Logger,
    times: RevocationTimes = { heartbeat: 5000, patience: 1000 },
  ): Promise<Revocations> {
    const opened = new Revocations(db, log, times);
    opened.#listening = await db.listen(channel, (payload) => opened.#hear(payload));
    return opened;
  }

  readonly #db: Database;
  readonly #log: Logger;
  readonly #times: RevocationTimes;
  readonly #origin = randomUUID();
  readonly #watchers = new Set<Watcher>();
  #listening: AsyncDisposable | undefined;
  /** Own revocations that the streams have been told of, with their sequence. */
  readonly #told = new Map<string, bigint>();
  #sequence = 0n;
  #heartbeat: NodeJS.Timeout | undefined;
  #unheardBeats = 0;
  #closed = false;

  private constructor(db: Database, log: Logger, times: RevocationTimes) {
    this.#db = db;
    this.#log = log;
    this.#times = times;
  }

  /** Revokes in `work`, and answers when every live stream of this replica has applied it or has been closed. */
  async transaction<T>(work: (tx: Tx, revoke: (revoked: Revoked) => Promise<void>) => Promise<T>): Promise<T> {
    let until = 0n;
    const result = await this.#db.transaction((tx) =>
      work(tx, async (revoked) => {
        const id = randomUUID();
        await this.#notify(tx, { id, ...(revoked !== 'all' && { callerId: revoked.callerId }) });
        tx.afterCommit(() => {
          until = this.#tell({ id, revoked });
        });
      }),
    );
    await this.#applied(until);
    return result;
  }

  /** The stream of one watcher; its first message, a heartbeat, tells that it is live. */
  async *watch(requests: AsyncIterable<WatchRevocationsRequest>, signal: AbortSignal): AsyncIterable<Notice> {
    if (this.#closed) throw stopping();
    if (this.#watchers.size >= maxWatchers)
      throw new Fault('resource_exhausted', 'too many streams of revocations', { code: 'too_many_watchers' });
    const watcher = new Watcher(this.#sequence);
    const end = () => watcher.end();
    signal.addEventListener('abort', end, { once: true });
    this.#add(watcher);
    watcher.send({});
    void readAcknowledgements(requests, watcher);
    try {
      yield* watcher.notices();
    } finally {
      signal.removeEventListener('abort', end);
      watcher.end();
      this.#watchers.delete(watcher);
      live().set(this.#watchers.size);
    }
  }

  /** Ends every stream: whoever watched drops what it has cached and asks another replica. */
  close(): void {
    this.#closed = true;
    clearInterval(this.#heartbeat);
    for (const watcher of this.#watchers) watcher.end(stopping());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
    await this.#listening?.[Symbol.asyncDispose]();
  }

  #add(watcher: Watcher): void {
    this.#watchers.add(watcher);
    live().set(this.#watchers.size);
    this.#heartbeat ??= setInterval(() => void this.#beat(), this.#times.heartbeat).unref();
  }

  /** Once for each revocation: the database may be faster than the answer to COMMIT, and is all there is when that gets lost. */
  #tell({ id, revoked }: Revocation): bigint {
    const known = this.#told.get(id);
    if (known !== undefined) return known;
    const sequence = this.#broadcast(revoked);
    this.#told.set(id, sequence);
    for (const oldest of this.#told.keys()) {
      if (this.#told.size <= maxTold) break;
      this.#told.delete(oldest);
    }
    return sequence;
  }

  #broadcast(revoked: Revoked): bigint {
    const sequence = ++this.#sequence;
    const notice = revoked === 'all' ? { sequence, all: true } : { sequence, callerId: revoked.callerId };
    for (const watcher of this.#watchers) watcher.send(notice);
    return sequence;
  }

  async #applied(sequence: bigint): Promise<void> {
    const behind = [...this.#watchers].filter((watcher) => watcher.acknowledged < sequence);
    if (behind.length === 0) return;
    const impatience = setTimeout(() => this.#closeStalled(behind, sequence), this.#times.patience);
    await Promise.all(behind.map((watcher) => watcher.caughtUp(sequence)));
    clearTimeout(impatience);
  }

  #closeStalled(watchers: readonly Watcher[], sequence: bigint): void {
    for (const watcher of watchers.filter(({ acknowledged }) => acknowledged < sequence)) {
      stalled().inc();
      this.#watchers.delete(watcher);
      watcher.end(
        new Fault('aborted', 'a revocation was not acknowledged in time: drop what is cached and watch again', {
          code: 'watch_stalled',
        }),
      );
    }
  }

  #hear(payload: string): void {
    const message = heard.safeParse(parsed(payload)).data;
    if (message && message.id === undefined) {
      if (message.origin === this.#origin) this.#unheardBeats = 0;
      return;
    }
    // A payload that is no message stands for what was missed while the connection was lost.
    const revoked = message?.callerId === undefined ? 'all' : { callerId: message.callerId };
    void this.#applied(this.#tell({ id: message?.id ?? randomUUID(), revoked }));
  }

  async #beat(): Promise<void> {
    if (this.#watchers.size === 0) {
      this.#unheardBeats = 0;
      return;
    }
    if (this.#unheardBeats >= 2) {
      this.#log.warn('the database does not notify: streams of revocations are closed');
      for (const watcher of this.#watchers) watcher.end(new Fault('unavailable', 'revocations cannot be heard now'));
    } else if (this.#unheardBeats === 0) {
      for (const watcher of this.#watchers) watcher.send({});
    }
    this.#unheardBeats++;
    await this.#notify(this.#db.kysely, {}).catch((error: unknown) => this.#log.warn({ error }, 'heartbeat not sent'));
  }

  async #notify(through: Tx | Database['kysely'], message: { id?: string; callerId?: string }): Promise<void> {
    await sql`select pg_notify(${channel}, ${JSON.stringify({ origin: this.#origin, ...message })})`.execute(through);
  }
}

function stopping(): Fault {
  return new Fault('unavailable', 'identity stops', { code: 'service_stopping' });
}

/** A watcher that can no longer acknowledge has left, however its half of the stream ended. */
async function readAcknowledgements(requests: AsyncIterable<WatchRevocationsRequest>, watcher: Watcher): Promise<void> {
  try {
    for await (const { acknowledged } of requests) watcher.acknowledge(acknowledged);
    watcher.end();
  } catch (error) {
    watcher.end(error as Error);
  }
}

function parsed(payload: string): unknown {
  try {
    return JSON.parse(payload);
  } catch {
    return undefined;
  }
}

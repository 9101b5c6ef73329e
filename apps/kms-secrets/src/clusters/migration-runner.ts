import { randomUUID } from 'node:crypto';
import { PostgresError } from '@gabion/postgres/postgres-error';
import { Fault } from '@gabion/rpc/fault';
import type { Logger } from '@gabion/telemetry/log';
import type { ClusterWatchers } from './cluster-watchers.ts';
import { KubernetesError } from './kubernetes-connection.ts';
import { codeOf, messageOf } from './kubernetes-failure.ts';
import { type MigrationParts, MigrationStep } from './migration-step.ts';
import { MigrationLost } from './storage-migrations.ts';
import type { StorageMigrationRow } from './tables.ts';

/** How long a migration stays with a replica that gives no sign of life; longer than a page takes. */
const leaseMs = 120_000;
const restMs = 2000;
/** Attempts at one page, and the pause between them: as many times longer as attempts were made. */
const most = { attempts: 10, pauseMs: 3000 };

/** Takes migrations on, a page of each at a time, until it is disposed. */
export class MigrationRunner implements AsyncDisposable {
  readonly #worker = randomUUID();
  readonly #step: MigrationStep;
  readonly #stopping = new AbortController();
  #running: Promise<void> | undefined;

  constructor(
    private readonly parts: MigrationParts,
    private readonly watchers: ClusterWatchers,
    private readonly log: Logger,
  ) {
    this.#step = new MigrationStep(parts, this.#worker);
  }

  begin(): void {
    this.#running = this.#run();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      const changed = this.watchers.next(signal);
      const isBusy = await this.#round().catch((error: unknown) => {
        if (!signal.aborted) this.log.warn({ error }, 'storage migrations cannot be taken on; it is tried again');
        return false;
      });
      if (!isBusy) await changed(restMs);
    }
  }

  async #round(): Promise<boolean> {
    if (!this.parts.barrier.isOpen) return false;
    const leased = await this.#lease();
    for (const migration of leased) await this.#take(migration);
    return leased.length > 0;
  }

  async #lease(): Promise<StorageMigrationRow[]> {
    const { db, now } = this.parts;
    const time = now();
    return db.kysely
      .updateTable('storage_migrations')
      .set({ leased_by: this.#worker, lease_until: new Date(time.getTime() + leaseMs) })
      .where('id', 'in', (query) =>
        query
          .selectFrom('storage_migrations')
          .select('id')
          .where('end_time', 'is', null)
          .where('begin_time', '<=', time)
          .where((or) => or.or([or('lease_until', 'is', null), or('lease_until', '<', time)]))
          .limit(4)
          .forUpdate()
          .skipLocked(),
      )
      .returningAll()
      .execute();
  }

  async #take(migration: StorageMigrationRow): Promise<void> {
    const within = AbortSignal.any([this.#stopping.signal, AbortSignal.timeout(leaseMs - 10_000)]);
    try {
      await this.#step.take(migration, within);
    } catch (error) {
      if (error instanceof MigrationLost) return;
      if (error instanceof PostgresError) throw error;
      await this.#afterFailure(migration, error).catch((lost: unknown) => {
        if (!(lost instanceof MigrationLost)) throw lost;
      });
    }
  }

  async #afterFailure(migration: StorageMigrationRow, error: unknown): Promise<void> {
    const { db, now } = this.parts;
    const isRepeatable = this.#stopping.signal.aborted || isPassing(error) || isOfServer(error);
    if (!isRepeatable || migration.attempts + 1 >= most.attempts) {
      if (!(error instanceof Fault || error instanceof KubernetesError))
        this.log.error({ error, migration: migration.id }, 'storage migration failed unforeseen');
      return this.#step.fail(migration, codeOf(error), messageOf(error));
    }
    const attempts = this.#stopping.signal.aborted ? migration.attempts : migration.attempts + 1;
    const lease_until = new Date(now().getTime() + attempts * most.pauseMs);
    await db.kysely
      .updateTable('storage_migrations')
      .set({ attempts, leased_by: null, lease_until })
      .where('id', '=', migration.id)
      .where('leased_by', '=', this.#worker)
      .execute();
  }
}

/** Nobody answered, or the service itself cannot say. */
function isPassing(error: unknown): boolean {
  return error instanceof Fault && error.kind === 'unavailable';
}

/** Answers that may be others the next time. */
function isOfServer(error: unknown): boolean {
  return error instanceof KubernetesError && (error.status === 0 || error.status === 429 || error.status >= 500);
}

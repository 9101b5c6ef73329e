import type { Database } from '@gabion/postgres/database';
import { PostgresError } from '@gabion/postgres/postgres-error';
import type { Logger } from '@gabion/telemetry/log';
import { counter, histogram } from '@gabion/telemetry/metrics';
import { span, withTraceparent } from '@gabion/telemetry/tracing';
import type { Config } from './config.ts';
import { type LeasedScan, LeaseLost, maxAttempts, type Queue } from './queue.ts';
import { ScanFailure, scanErrorOf } from './scan-errors.ts';
import type { Scanner } from './scanner.ts';
import { channels } from './scans.ts';

/** Takes scans from the queue and works on so many at a time, until it is disposed. */
export class Worker implements AsyncDisposable {
  readonly #running = new Map<string, { readonly stop: AbortController; readonly done: Promise<void> }>();
  readonly #stopping = new AbortController();
  #listening: AsyncDisposable | undefined;
  #timers: NodeJS.Timeout[] = [];
  #filling: Promise<void> | undefined;
  #fillAgain = false;

  constructor(
    private readonly queue: Queue,
    private readonly scanner: Scanner,
    private readonly config: Pick<Config, 'workers' | 'leaseMs' | 'scanTimeoutMs'>,
    private readonly log: Logger,
  ) {}

  async begin(db: Database): Promise<void> {
    if (this.config.workers === 0) return;
    this.#listening = await db.listen(channels.queued, () => this.#wake());
    this.#timers = [
      setInterval(() => this.#renew(), this.config.leaseMs / 3),
      // Nobody notifies of a worker that died: leases that ran out are looked for.
      setInterval(() => this.#wake(), Math.min(5000, this.config.leaseMs)),
    ];
    this.#wake();
  }

  /** Scans at hand go back into the queue, where another worker finds them at once. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort();
    for (const timer of this.#timers) clearInterval(timer);
    await this.#listening?.[Symbol.asyncDispose]();
    await this.#filling;
    for (const { stop } of this.#running.values()) stop.abort(this.#stopping.signal.reason);
    await Promise.all([...this.#running.values()].map(({ done }) => done));
  }

  #wake(): void {
    this.#fillAgain = true;
    this.#filling ??= this.#fill()
      .catch((error: unknown) => this.log.warn({ error }, 'the queue cannot be read; it is tried again'))
      .finally(() => {
        this.#filling = undefined;
      });
  }

  async #fill(): Promise<void> {
    while (this.#fillAgain && !this.#stopping.signal.aborted) {
      this.#fillAgain = false;
      while (this.#running.size < this.config.workers) {
        const scan = await this.queue.lease();
        if (!scan) break;
        this.#start(scan);
        if (this.#stopping.signal.aborted) return;
      }
    }
  }

  #start(scan: LeasedScan): void {
    // This process was held up for longer than a lease: the scan is still in its hands.
    if (this.#running.has(scan.id)) return;
    const stop = new AbortController();
    const done = withTraceparent(scan.traceparent ?? undefined, () =>
      span('scan', { attributes: { 'gabion.scan_id': scan.id } }, () => this.#run(scan, stop.signal)),
    ).finally(() => {
      this.#running.delete(scan.id);
      this.#wake();
    });
    this.#running.set(scan.id, { stop, done });
  }

  async #run(scan: LeasedScan, stop: AbortSignal): Promise<void> {
    const started = performance.now();
    const timeout = AbortSignal.timeout(this.config.scanTimeoutMs);
    try {
      if (scan.attempts > maxAttempts) throw new ScanFailure('scan_crashed', `${maxAttempts} workers died over it`);
      await this.scanner.scan(scan, AbortSignal.any([stop, timeout]));
      this.#ended(scan, 'succeeded', started);
    } catch (error) {
      const reason = timeout.aborted ? new ScanFailure('scan_timeout', `${this.config.scanTimeoutMs} ms`) : error;
      await this.#settle(scan, reason, stop, started);
    }
  }

  /** Whatever cannot be written is left to the lease, which runs out. */
  async #settle(scan: LeasedScan, error: unknown, stop: AbortSignal, started: number): Promise<void> {
    try {
      if (error instanceof LeaseLost) return this.log.warn({ scanId: scan.id }, 'another worker has taken the scan');
      if (stop.aborted) return await this.queue.giveBack(scan.id);
      if (error instanceof PostgresError)
        return this.log.warn({ error, scanId: scan.id }, 'the scan waits for the database');
      const { code } = scanErrorOf(error);
      if (code === 'internal') this.log.error({ error, scanId: scan.id }, 'scan failed unforeseen');
      await this.scanner.fail(scan, error);
      this.#ended(scan, code, started);
    } catch (problem) {
      this.log.warn({ error: problem, scanId: scan.id }, 'the end of the scan cannot be written');
    }
  }

  #ended(scan: LeasedScan, outcome: string, started: number): void {
    const seconds = (performance.now() - started) / 1000;
    counter('gabion_scans_total', 'Scans that have ended.', ['outcome']).inc({ outcome });
    histogram('gabion_scan_duration_seconds', 'Time of a scan in the hands of its worker.').observe(seconds);
    this.log.info({ scanId: scan.id, outcome, seconds }, 'scan ended');
  }

  #renew(): void {
    if (this.#running.size === 0) return;
    const ids = [...this.#running.keys()];
    this.queue.renew(ids).then(
      (held) => {
        for (const id of ids)
          if (!held.has(id)) this.#running.get(id)?.stop.abort(new LeaseLost(`scan ${id} is held by another worker`));
      },
      (error: unknown) => this.log.warn({ error }, 'leases cannot be renewed'),
    );
  }
}

import type { Progress } from './queue.ts';

/** Counts what a scan has read, and reports it at most once per interval. */
export class ProgressCount implements AsyncDisposable {
  readonly #report: (progress: Progress) => Promise<void>;
  readonly #intervalMs: number;
  #now: Progress = { layersTotal: 0, layersDone: 0, bytesTotal: 0, bytesDone: 0 };
  #timer: NodeJS.Timeout | undefined;
  #reporting: Promise<void> = Promise.resolve();

  constructor(report: (progress: Progress) => Promise<void>, intervalMs = 250) {
    this.#report = report;
    this.#intervalMs = intervalMs;
  }

  get now(): Progress {
    return this.#now;
  }

  begin(layersTotal: number, bytesTotal: number): void {
    this.#now = { layersTotal, layersDone: 0, bytesTotal, bytesDone: 0 };
    this.#send();
  }

  /** Counts one layer of so many bytes: pieces as they come, and what is missing of it when it is done. */
  layer(size: number): { read(bytes: number): void; done(): void } {
    let counted = 0;
    const count = (bytes: number, layers: number) => {
      // A layer may have to be read a second time, which is no progress.
      const more = Math.min(bytes, size - counted);
      counted += more;
      const { layersDone, bytesDone } = this.#now;
      this.#now = { ...this.#now, layersDone: layersDone + layers, bytesDone: bytesDone + more };
      this.#timer ??= setTimeout(() => this.#send(), this.#intervalMs);
    };
    return { read: (bytes) => count(bytes, 0), done: () => count(size, 1) };
  }

  /** Waits for the report under way; what was not reported yet belongs to the end of the scan. */
  async [Symbol.asyncDispose](): Promise<void> {
    clearTimeout(this.#timer);
    await this.#reporting;
  }

  #send(): void {
    this.#timer = undefined;
    const { now } = this;
    // Progress is a courtesy: a report that cannot be written must not end the scan.
    this.#reporting = this.#reporting.then(() => this.#report(now)).catch(() => {});
  }
}

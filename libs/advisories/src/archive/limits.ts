import { AdvisoryError } from '../advisory-error.ts';

/** Bounds on what a feed may hold, against archives that are made to exhaust the reader. */
export interface WalkLimits {
  /** Of all that is unpacked. */
  readonly maxTotalBytes: number;
  /** Of one file, or of one piece of a file that can be read in pieces. */
  readonly maxEntryBytes: number;
  readonly maxEntries: number;
}

/** Far above the largest public feed (OSV of all ecosystems) and far below what would fill a machine. */
export const defaultLimits: WalkLimits = {
  maxTotalBytes: 8 * 1024 ** 3,
  maxEntryBytes: 64 * 1024 ** 2,
  maxEntries: 2_000_000,
};

/** Archives in archives: a tar of zips of gzipped files is the deepest that feeds come in. */
export const maxNesting = 3;

/** What has been unpacked so far, of all nested archives together. Throws AdvisoryError beyond a limit. */
export class Budget {
  readonly limits: WalkLimits;
  #bytes = 0;
  #entries = 0;

  constructor(limits: WalkLimits) {
    this.limits = limits;
  }

  count(): void {
    this.#entries++;
    if (this.#entries > this.limits.maxEntries)
      throw new AdvisoryError('archive_too_many_entries', `a feed has at most ${this.limits.maxEntries} entries`);
  }

  take(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes > this.limits.maxTotalBytes)
      throw new AdvisoryError('archive_too_large', `a feed has at most ${this.limits.maxTotalBytes} bytes`);
  }

  tooLarge(path: string): AdvisoryError {
    return new AdvisoryError(
      'entry_too_large',
      `${path.slice(0, 200)} has more than ${this.limits.maxEntryBytes} bytes`,
    );
  }
}

import { type Advisory, type AdvisoryFormat, type AffectedEntry, affectedEntries } from '@gabion/advisories/advisory';
import { readFeedFile } from '@gabion/advisories/read';
import type { FeedFile } from '@gabion/advisories/walk';
import { Fault } from '@gabion/rpc/fault';
import type { SourceSummary } from './advisories.ts';
import { storable } from './storable.ts';

const maxSkippedTold = 20;

/** What has been read so far; `skipped` are the first files that were no advisories, with the reason. */
export interface FeedCounts {
  readonly filesRead: bigint;
  readonly advisoriesRead: bigint;
  readonly filesSkipped: bigint;
  readonly skipped: string[];
}

/** What a feed has held so far. */
export class FeedReading {
  /** Entries that are not written yet. */
  readonly waiting: AffectedEntry[] = [];
  readonly #source: string;
  readonly #expected: AdvisoryFormat | undefined;
  readonly #now: number;
  readonly #ecosystems = new Set<string>();
  readonly #skipped: string[] = [];
  #format: AdvisoryFormat | undefined;
  #files = 0;
  #filesSkipped = 0;
  #advisoriesRead = 0;
  #advisoriesKept = 0;
  #latestChange = 0;

  constructor(source: string, expected: AdvisoryFormat | undefined, now: Date) {
    this.#source = source;
    this.#expected = expected;
    this.#now = now.getTime();
  }

  take(file: FeedFile): void {
    this.#files++;
    const expected = this.#expected;
    const reading = readFeedFile(file, { source: this.#source, ...(expected && { format: expected }) });
    if ('skipped' in reading) {
      this.#filesSkipped++;
      if (this.#skipped.length < maxSkippedTold) this.#skipped.push(storable(`${file.path}: ${reading.skipped}`, 300));
      return;
    }
    this.#format ??= reading.format;
    for (const advisory of reading.advisories) this.#keep(advisory);
  }

  counts(): FeedCounts {
    return {
      filesRead: BigInt(this.#files),
      advisoriesRead: BigInt(this.#advisoriesRead),
      filesSkipped: BigInt(this.#filesSkipped),
      skipped: [...this.#skipped],
    };
  }

  /** What the source will hold; a feed without advisories replaces nothing. */
  summary(now: Date): SourceSummary {
    if (!this.#format || this.#advisoriesKept === 0)
      throw new Fault('invalid_argument', `no advisory was found; ${this.#skipped[0] ?? 'the feed holds no file'}`, {
        code: 'feed_empty',
      });
    return {
      source: this.#source,
      format: this.#format,
      ecosystems: [...this.#ecosystems].sort(),
      advisory_count: this.#advisoriesKept,
      import_time: now,
      latest_change_time: this.#latestChange > 0 ? new Date(this.#latestChange) : null,
    };
  }

  #keep(advisory: Advisory): void {
    this.#advisoriesRead++;
    const changed = Date.parse(advisory.modified ?? '');
    // Feeds hold slips of the pen: a change in the future tells nothing about how fresh the source is.
    if (changed > this.#latestChange && changed <= this.#now) this.#latestChange = changed;
    const entries = affectedEntries(advisory);
    if (entries.length === 0) return;
    this.#advisoriesKept++;
    for (const entry of entries) this.#ecosystems.add(entry.ecosystem);
    this.waiting.push(...entries);
  }
}

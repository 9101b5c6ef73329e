import { type Advisory, type AdvisoryFormat, type AffectedEntry, affectedEntries } from '@gabion/advisories/advisory';
import { AdvisoryError } from '@gabion/advisories/advisory-error';
import type { Lifecycle, VulnerabilityFacts } from '@gabion/advisories/facts';
import { type Reading, readFeedFile } from '@gabion/advisories/read';
import type { FeedFile } from '@gabion/advisories/walk';
import { storable } from '../storable.ts';
import { type BundlePart, partOf } from './bundle.ts';
import { entryIn, factsIn, lifecycleIn } from './bundle-lines.ts';
import type { ReadingCounts, ReadingEnd, ReadingTask, StagingTable } from './reading-task.ts';
import { SeenHashes } from './seen-hashes.ts';
import { entryRow, stagedEntry, stagedFacts, stagedLifecycle } from './staging-rows.ts';

const maxSkippedTold = 20;
const decoder = new TextDecoder('utf-8', { fatal: true });

/** What a feed has held so far; rows to be written are handed to `write`. */
export class FeedReading {
  readonly seen: SeenHashes;
  readonly #task: ReadingTask;
  readonly #write: (table: StagingTable, row: string) => void;
  readonly #ecosystems = new Set<string>();
  readonly #skipped: string[] = [];
  readonly #advisories = new Map<number, number>();
  readonly #kinds = { epss: false, kev: false, record: false, lifecycles: false };
  /** Ids of advisories of a bundle, which come entry by entry. */
  readonly #packed = new Set<string>();
  #format: AdvisoryFormat | undefined;
  #filesRead = 0;
  #filesSkipped = 0;
  #advisoriesRead = 0;
  #entriesAdded = 0;
  #factCount = 0;
  #latestChange = 0;

  constructor(task: ReadingTask, write: (table: StagingTable, row: string) => void) {
    this.#task = task;
    this.#write = write;
    this.seen = new SeenHashes(task.heldCount);
  }

  take(file: FeedFile, document: number): void {
    this.#filesRead++;
    const { source, format, ecosystem } = this.#task;
    const reading: Reading = readFeedFile(file, { source, ...(format && { format }), ...(ecosystem && { ecosystem }) });
    if ('skipped' in reading) {
      this.#filesSkipped++;
      if (this.#skipped.length < maxSkippedTold) this.#skipped.push(storable(`${file.path}: ${reading.skipped}`, 300));
      return;
    }
    this.#format ??= reading.format;
    for (const advisory of reading.advisories) this.#keep(advisory, document);
    for (const facts of reading.facts) this.#keepFacts(facts);
    for (const lifecycle of reading.lifecycles) this.#keepLifecycle(lifecycle);
  }

  /** Takes a file of a bundle: lines that are in the stored form already. */
  takePart(file: FeedFile): void {
    const about = partOf(file.path);
    if (about?.source !== this.#task.source) return;
    this.#filesRead++;
    for (const line of decoder.decode(file.bytes).split('\n')) if (line !== '') this.#takeLine(line, about.part);
  }

  counts(): ReadingCounts {
    return {
      filesRead: this.#filesRead,
      advisoriesRead: this.#advisoriesRead,
      filesSkipped: this.#filesSkipped,
      skipped: [...this.#skipped],
      entriesAdded: this.#entriesAdded,
    };
  }

  end(): ReadingEnd {
    return {
      counts: this.counts(),
      format: this.#format,
      ecosystems: [...this.#ecosystems].sort(),
      advisories: this.#advisories,
      factCount: this.#factCount,
      kinds: this.#kinds,
      latestChange: this.#latestChange,
      gone: this.seen.gone(),
    };
  }

  #takeLine(line: string, part: BundlePart): void {
    try {
      if (part === 'facts') this.#keepFacts(factsIn(line));
      else if (part === 'lifecycles') this.#keepLifecycle(lifecycleIn(line));
      else this.#keepPacked(entryIn(line, this.#task.source));
    } catch (cause) {
      const message = `a line of the bundle is not what it should be: ${(cause as Error).message.slice(0, 200)}`;
      throw new AdvisoryError('archive_malformed', message, { cause });
    }
  }

  #keepPacked(entry: AffectedEntry): void {
    this.#format ??= entry.format;
    if (!this.#packed.has(entry.id)) {
      this.#packed.add(entry.id);
      this.#advisoriesRead++;
      this.#advisories.set(0, this.#packed.size);
    }
    const changed = Date.parse(entry.modified ?? '');
    if (changed > this.#latestChange && changed <= this.#task.now) this.#latestChange = changed;
    this.#keepEntry(entry, 0);
  }

  #keepEntry(entry: AffectedEntry, document: number): void {
    this.#ecosystems.add(entry.ecosystem);
    const row = entryRow(entry, document);
    if (!this.seen.meet(row.hash)) return;
    this.#entriesAdded++;
    this.#write('staged_entries', stagedEntry(entry, document, row));
  }

  #keep(advisory: Advisory, document: number): void {
    this.#advisoriesRead++;
    const changed = Date.parse(advisory.modified ?? '');
    // Feeds hold slips of the pen: a change in the future tells nothing about how fresh the source is.
    if (changed > this.#latestChange && changed <= this.#task.now) this.#latestChange = changed;
    const entries = affectedEntries(advisory);
    if (entries.length === 0) return;
    this.#advisories.set(document, (this.#advisories.get(document) ?? 0) + 1);
    for (const entry of entries) this.#keepEntry(entry, document);
  }

  #keepFacts(facts: VulnerabilityFacts): void {
    this.#factCount++;
    this.#kinds.epss ||= facts.epss !== undefined;
    this.#kinds.kev ||= facts.kev !== undefined;
    this.#kinds.record ||= (facts.scores ?? facts.cwes ?? facts.summary) !== undefined;
    this.#write('staged_facts', stagedFacts(facts));
  }

  #keepLifecycle(lifecycle: Lifecycle): void {
    this.#factCount++;
    this.#kinds.lifecycles = true;
    this.#write('staged_lifecycles', stagedLifecycle(lifecycle));
  }
}

import { FileInspection, type InspectionOutcome } from './file-inspection.ts';
import { GatheringRoom } from './gathering-room.ts';
import type { Inspector, Note } from './inspector.ts';
import type { LayerContents, Skipped } from './layer-contents.ts';
import type { LayerLimits } from './limits.ts';
import { NoteBook } from './note-book.ts';
import { expandSparse, type SparseMap } from './sparse.ts';
import type { ContentSink, TarEntry } from './tar-parser.ts';

/** Shows the regular files of one layer to the inspectors, and keeps what they note. */
export class InspectionPass implements InspectionOutcome {
  readonly #inspectors: readonly Inspector[];
  readonly #limits: LayerLimits;
  readonly #onNoted: (path: string) => void;
  readonly #skipped = new Map<string, Skipped>();
  readonly #book: NoteBook;
  readonly #room = new GatheringRoom();
  #expandedBytes = 0;

  /** `onNoted` is told of each path of which something is noted, until it is deleted. */
  constructor(inspectors: readonly Inspector[], limits: LayerLimits, onNoted: (path: string) => void) {
    this.#inspectors = inspectors;
    this.#limits = limits;
    this.#onNoted = onNoted;
    this.#book = new NoteBook(limits);
  }

  /** Where the bytes of a regular file go to be inspected. */
  sink(path: string, entry: TarEntry): ContentSink | undefined {
    if (this.#inspectors.length === 0) return undefined;
    const { size, mode, uid, gid } = entry;
    const gathering = { room: this.#room, maxBytes: this.#limits.maxGatheredBytes };
    const inspection = () => new FileInspection({ path, size, mode, uid, gid }, this.#inspectors, this, gathering);
    if (!entry.sparse) return inspection();
    const { maxGatheredBytes, maxSparseBytes } = this.#limits;
    this.#expandedBytes += size;
    if (Math.max(size, entry.storedSize) > maxGatheredBytes || this.#expandedBytes > maxSparseBytes) {
      this.#skip('sparse_file_skipped', path);
      return undefined;
    }
    return expanding(entry.sparse, inspection());
  }

  noted(inspector: string, path: string, notes: readonly Note[]): void {
    const isFirst = !this.#book.has(path);
    if (this.#book.add(inspector, path, notes) && isFirst) this.#onNoted(path);
  }

  failed(inspector: string, path: string): void {
    this.#skip('inspection_failed', `${inspector}: ${path}`, inspector);
  }

  delete(path: string): boolean {
    return this.#book.delete(path);
  }

  get paths(): Iterable<string> {
    return this.#book.paths;
  }

  get pathCount(): number {
    return this.#book.size;
  }

  get contents(): Pick<LayerContents, 'notes' | 'skipped'> {
    const truncated = this.#book.dropped.map(([subject, count]): Skipped => {
      return { code: 'notes_truncated', subject, count };
    });
    return { notes: this.#book.byInspector, skipped: [...this.#skipped.values(), ...truncated] };
  }

  /** One mark for all files of a kind, which names the first. */
  #skip(code: Skipped['code'], subject: string, kind = ''): void {
    const key = `${code} ${kind}`;
    const before = this.#skipped.get(key);
    this.#skipped.set(key, before ? { ...before, count: before.count + 1 } : { code, subject, count: 1 });
  }
}

/** Fills the holes of a sparse file before anybody sees it. */
function expanding(map: SparseMap, sink: ContentSink): ContentSink {
  const chunks: Buffer[] = [];
  return {
    write: (chunk) => chunks.push(Buffer.from(chunk)),
    end: () => {
      const whole = expandSparse(Buffer.concat(chunks), map);
      if (whole.length > 0) sink.write(whole);
      return sink.end();
    },
  };
}

import type { Note } from './inspector.ts';

/** Bounds on the notes of one layer; each inspector has them for itself, so that a flood of one hides nothing of another. */
export interface NoteLimits {
  readonly maxNotes: number;
  readonly maxNoteBytes: number;
}

interface Page {
  readonly inspector: string;
  readonly notes: readonly Note[];
  readonly bytes: number;
}

/** The notes of a layer's files while it goes by; those over the bounds are counted and left out. */
export class NoteBook {
  readonly #limits: NoteLimits;
  readonly #pages = new Map<string, Page[]>();
  readonly #used = new Map<string, { notes: number; bytes: number; dropped: number }>();

  constructor(limits: NoteLimits) {
    this.#limits = limits;
  }

  /** Keeps the notes of one file; answers whether there were any to keep. */
  add(inspector: string, path: string, notes: readonly Note[]): boolean {
    const used = this.#used.get(inspector) ?? { notes: 0, bytes: 0, dropped: 0 };
    this.#used.set(inspector, used);
    const kept: Note[] = [];
    let bytes = 0;
    for (const note of notes) {
      const size = JSON.stringify(note).length;
      const isOver =
        used.notes + kept.length >= this.#limits.maxNotes || used.bytes + bytes + size > this.#limits.maxNoteBytes;
      if (isOver) {
        used.dropped++;
        continue;
      }
      kept.push(note);
      bytes += size;
    }
    if (kept.length === 0) return false;
    used.notes += kept.length;
    used.bytes += bytes;
    const page = { inspector, notes: kept, bytes };
    const pages = this.#pages.get(path);
    if (pages) pages.push(page);
    else this.#pages.set(path, [page]);
    return true;
  }

  has(path: string): boolean {
    return this.#pages.has(path);
  }

  /** Forgets what was said of a file that is replaced; answers whether there was anything. */
  delete(path: string): boolean {
    const pages = this.#pages.get(path);
    if (!pages) return false;
    for (const { inspector, notes, bytes } of pages) {
      const used = this.#used.get(inspector)!;
      used.notes -= notes.length;
      used.bytes -= bytes;
    }
    return this.#pages.delete(path);
  }

  get paths(): Iterable<string> {
    return this.#pages.keys();
  }

  get size(): number {
    return this.#pages.size;
  }

  /** Notes by the name of their inspector, in the order of the tar. */
  get byInspector(): Readonly<Record<string, readonly Note[]>> {
    const all: Record<string, Note[]> = {};
    for (const { inspector, notes } of [...this.#pages.values()].flat()) {
      all[inspector] ??= [];
      for (const note of notes) all[inspector].push(note);
    }
    return all;
  }

  /** Inspectors of which notes were left out, and how many. */
  get dropped(): readonly (readonly [inspector: string, notes: number])[] {
    return [...this.#used].flatMap(([name, { dropped }]) => (dropped > 0 ? [[name, dropped] as const] : []));
  }
}

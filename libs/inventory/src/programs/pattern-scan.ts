import { type Evidence, maxReach, type Program } from './program.ts';

/** What is searched at once. */
const pieceSize = 256 * 1024;

/**
 * How often an anchor is looked around at in one file. A pattern that looks over a long way takes that way for each
 * character of a text made to keep it busy; in programs its anchor stands beside the version or hardly anywhere.
 */
const maxAnchors = 3_000;

/** A program found in a file. */
export interface Sighting {
  readonly name: string;
  readonly version: string;
}

interface Search {
  readonly program: Program;
  readonly evidence: Evidence;
  readonly pattern: RegExp;
  readonly anchor: Buffer | undefined;
  /** It is only tried where its anchor stands, and so often; undefined: everywhere. */
  anchorsLeft: number | undefined;
  version: string | undefined;
}

/** Looks for the evidence of some programs in a file that goes by in chunks of any size. */
export class PatternScan {
  readonly #searches: readonly Search[];
  readonly #waiting: Buffer[] = [];
  #waitingBytes = 0;
  /** The end of the last piece, in which a match may begin. */
  #tail: Buffer = Buffer.alloc(0);

  constructor(programs: readonly Program[], path: string) {
    this.#searches = programs.flatMap((program) => searchesOf(program, path));
  }

  write(chunk: Buffer): void {
    if (this.#isDone()) return;
    this.#waiting.push(Buffer.from(chunk));
    this.#waitingBytes += chunk.length;
    if (this.#waitingBytes >= pieceSize) this.#search(false);
  }

  /** Of each program the version by the best evidence that was found, the programs in their order. */
  end(): Sighting[] {
    this.#search(true);
    const sightings = new Map<Program, Sighting>();
    for (const { program, evidence, version } of this.#searches) {
      if (version === undefined || sightings.has(program)) continue;
      sightings.set(program, { name: evidence.name ?? program.name, version });
    }
    return [...sightings.values()];
  }

  #search(isLast: boolean): void {
    const bytes = Buffer.concat([this.#tail, ...this.#waiting]);
    this.#waiting.length = 0;
    this.#waitingBytes = 0;
    let text: string | undefined;
    for (const search of this.#searches) {
      if (search.version !== undefined || (search.anchor && !bytes.includes(search.anchor))) continue;
      if (search.anchorsLeft === undefined) text ??= latin1(bytes);
      const found = search.anchorsLeft === undefined ? search.pattern.exec(text!) : matchAround(search, bytes);
      // At the end of a piece a version may be cut short, but not in the next one, which begins with this tail.
      if (found && (isLast || found.index + maxReach <= bytes.length)) search.version = found[1];
    }
    this.#tail = bytes.subarray(Math.max(0, bytes.length - maxReach));
  }

  /** Nothing that is still to come would count. */
  #isDone(): boolean {
    const best = new Set<Program>();
    for (const { program, version } of this.#searches) {
      if (best.has(program)) continue;
      if (version === undefined) return false;
      best.add(program);
    }
    return true;
  }
}

/** One character a byte. */
function latin1(bytes: Buffer): string {
  return bytes.toString('latin1');
}

function matchAround(search: Search, bytes: Buffer): { readonly index: number; readonly 1: string } | undefined {
  const anchor = search.anchor!;
  for (let at = bytes.indexOf(anchor); at !== -1 && search.anchorsLeft! > 0; at = bytes.indexOf(anchor, at + 1)) {
    search.anchorsLeft!--;
    const start = Math.max(0, at - maxReach);
    const found = search.pattern.exec(latin1(bytes.subarray(start, at + maxReach)));
    if (found) return { index: start + found.index, 1: found[1]! };
  }
  return undefined;
}

/** Whether a part of it stands for a hundred characters or more. */
function looksFar({ source }: RegExp): boolean {
  return /\{\d+,\d{3,}\}/.test(source);
}

function searchesOf(program: Program, path: string): Search[] {
  const match = program.path?.exec(path) ?? undefined;
  return program.evidence.flatMap((evidence) => {
    if (typeof evidence.pattern === 'function' && !match) return [];
    const pattern = typeof evidence.pattern === 'function' ? evidence.pattern(match!) : evidence.pattern;
    const anchor = evidence.anchor === undefined ? undefined : Buffer.from(evidence.anchor, 'latin1');
    const anchorsLeft = anchor && looksFar(pattern) ? maxAnchors : undefined;
    return [{ program, evidence, pattern, anchor, anchorsLeft, version: undefined }];
  });
}

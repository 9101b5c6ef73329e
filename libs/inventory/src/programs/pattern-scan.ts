import { type Evidence, maxReach, type Program } from './program.ts';

/** What is searched at once. */
const pieceSize = 256 * 1024;

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
      // Latin-1 keeps one character a byte.
      text ??= bytes.toString('latin1');
      const found = search.pattern.exec(text);
      // At the end of a piece a version may be cut short, but not in the next one, which begins with this tail.
      if (found && (isLast || found.index + maxReach <= text.length)) search.version = found[1];
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

function searchesOf(program: Program, path: string): Search[] {
  const match = program.path?.exec(path) ?? undefined;
  return program.evidence.flatMap((evidence) => {
    const { pattern, anchor } = evidence;
    if (typeof pattern === 'function' && !match) return [];
    return [
      {
        program,
        evidence,
        pattern: typeof pattern === 'function' ? pattern(match!) : pattern,
        anchor: anchor === undefined ? undefined : Buffer.from(anchor, 'latin1'),
        version: undefined,
      },
    ];
  });
}

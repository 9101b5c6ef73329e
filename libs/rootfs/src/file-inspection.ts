import type { GatheringRoom } from './gathering-room.ts';
import { type FileFacts, headBytes, type Inspection, type Inspector, type Note } from './inspector.ts';
import type { ContentSink } from './tar-parser.ts';

/** Where the results of inspections go. */
export interface InspectionOutcome {
  noted(inspector: string, path: string, notes: readonly Note[]): void;
  /** An inspector threw, which is its mistake: the other inspectors and files go on. */
  failed(inspector: string, path: string, error: unknown): void;
}

interface Running {
  readonly name: string;
  readonly inspection: Inspection;
}

/** Where files are gathered that are wanted whole, up to a size. */
export interface Gathering {
  readonly room: GatheringRoom;
  readonly maxBytes: number;
}

/** Shows one file to the inspectors while its bytes go by, gathering it at most once for all that want it whole. */
export class FileInspection implements ContentSink {
  readonly #file: FileFacts;
  readonly #inspectors: readonly Inspector[];
  readonly #outcome: InspectionOutcome;
  readonly #gathering: Gathering;
  readonly #headSize: number;
  /** First bytes of a file that comes in several chunks. */
  #head: Buffer | undefined;
  #headFilled = 0;
  #running: Running[] | undefined;
  #whole: Buffer | undefined;
  #wholeFilled = 0;

  constructor(file: FileFacts, inspectors: readonly Inspector[], outcome: InspectionOutcome, gathering: Gathering) {
    this.#file = file;
    this.#inspectors = inspectors;
    this.#outcome = outcome;
    this.#gathering = gathering;
    this.#headSize = Math.min(file.size, headBytes);
  }

  write(chunk: Buffer): void {
    if (this.#running) return this.#feed(chunk);
    if (!this.#head && chunk.length >= this.#headSize) {
      this.#begin(chunk.subarray(0, this.#headSize));
      return this.#feed(chunk);
    }
    this.#head ??= Buffer.allocUnsafe(this.#headSize);
    const copied = chunk.copy(this.#head, this.#headFilled);
    this.#headFilled += copied;
    if (this.#headFilled < this.#headSize) return;
    this.#begin(this.#head);
    this.#feed(this.#head);
    this.#head = undefined;
    if (copied < chunk.length) this.#feed(chunk.subarray(copied));
  }

  end(): Promise<void> | undefined {
    if (!this.#running) this.#begin(Buffer.alloc(0));
    const waiting: Promise<void>[] = [];
    for (const running of this.#running!) {
      const whole = this.#wants(running.inspection) ? (this.#whole ?? Buffer.alloc(0)) : undefined;
      const ending = this.#end(running, whole);
      if (ending) waiting.push(ending);
    }
    return waiting.length === 0 ? undefined : Promise.all(waiting).then(() => {});
  }

  #begin(head: Buffer): void {
    this.#running = [];
    for (const inspector of this.#inspectors) {
      const inspection = this.#guarded(inspector.name, () => inspector.inspect(this.#file, head));
      if (inspection) this.#running.push({ name: inspector.name, inspection });
    }
  }

  #feed(chunk: Buffer): void {
    if (this.#running!.length === 0) return;
    if (this.#running!.some(({ inspection }) => this.#wants(inspection))) this.#gather(chunk);
    for (const { name, inspection } of this.#running!) this.#guarded(name, () => inspection.write?.(chunk));
  }

  #gather(chunk: Buffer): void {
    // A file in one piece needs no copy: no more of the tar is taken before `end` is through with it.
    if (chunk.length === this.#file.size) {
      this.#whole = chunk;
      return;
    }
    this.#whole ??= this.#gathering.room.take(this.#file.size);
    this.#wholeFilled += chunk.copy(this.#whole, this.#wholeFilled);
  }

  #wants({ wholeUpTo = 0 }: Inspection): boolean {
    return wholeUpTo > 0 && this.#file.size <= Math.min(wholeUpTo, this.#gathering.maxBytes);
  }

  #end({ name, inspection }: Running, whole: Buffer | undefined): Promise<void> | undefined {
    const notes = this.#guarded(name, () => inspection.end(whole));
    if (!notes) return undefined;
    if (!(notes instanceof Promise)) {
      this.#outcome.noted(name, this.#file.path, notes);
      return undefined;
    }
    return notes.then(
      (later) => this.#outcome.noted(name, this.#file.path, later),
      (error: unknown) => this.#fail(name, error),
    );
  }

  /** Runs a part of an inspector; one that threw is not asked again about this file. */
  #guarded<T>(name: string, work: () => T): T | undefined {
    try {
      return work();
    } catch (error) {
      this.#fail(name, error);
      return undefined;
    }
  }

  #fail(name: string, error: unknown): void {
    this.#running = this.#running!.filter((running) => running.name !== name);
    this.#outcome.failed(name, this.#file.path, error);
  }
}

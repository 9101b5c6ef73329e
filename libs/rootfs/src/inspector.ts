/** What a tar says of a regular file; the path is from the root, without a leading slash. */
export interface FileFacts {
  readonly path: string;
  readonly size: number;
  /** Permission bits with setuid, setgid and sticky: 0o4755. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

/** A fact about one file of one layer, as plain JSON: it is kept with the layer, under the name of its inspector. */
export interface Note {
  /** The file, as in `FileFacts`. */
  readonly path: string;
}

/**
 * Looks at the bytes of files while a layer goes by, once, and notes what it finds. Beside it an `Analyzer` keeps whole
 * small files for later; an inspector is for what is too large or too much to keep. It never throws on what a file holds.
 */
export interface Inspector<N extends Note = Note> {
  /** Stands for the inspector and its version in what is kept: "secrets". */
  readonly name: string;
  /**
   * Called once for each regular file (and never for links to one) with its first bytes: up to `headBytes`, which is all
   * of it for most files. Undefined: no interest. The buffer is only valid during the call.
   */
  inspect(file: FileFacts, head: Buffer): Inspection<N> | undefined;
}

/** One file under inspection. */
export interface Inspection<N extends Note = Note> {
  /**
   * The inspection needs the whole file at once, if it is not over so many bytes; 0 or absent: it does not. Files over
   * the bound, and over `LayerLimits.maxGatheredBytes`, are not gathered, and `end` is called without them.
   */
  readonly wholeUpTo?: number;
  /** All bytes in order, the head included. The buffer is only valid during the call. */
  write?(chunk: Buffer): void;
  /**
   * After the last byte; `whole` as `wholeUpTo` asked, valid until the answer. A promise is waited for before more of
   * the layer is read.
   */
  end(whole: Buffer | undefined): readonly N[] | Promise<readonly N[]>;
}

/** Bytes of a file that `inspect` is shown. */
export const headBytes = 64 * 1024;

/** A note in an image: `layer` is the index of the layer that holds the file. */
export interface PlacedNote<N extends Note = Note> {
  readonly note: N;
  readonly layer: number;
  /** The file's path without links in it; `note.path` is as in the tar. */
  readonly path: string;
  /** Whether the file is there in the finished image; false when a later layer deletes or replaces it. */
  readonly isVisible: boolean;
}

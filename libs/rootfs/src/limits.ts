/** Bounds on one layer; each has its own error code. */
export interface LayerLimits {
  /** Uncompressed bytes of the tar → `layer_too_large`. */
  readonly maxBytes: number;
  /** Members of the tar → `too_many_entries`. */
  readonly maxEntries: number;
  /** Bytes kept for analyzers and as links and whiteouts → `layer_contents_too_large`. */
  readonly maxKeptBytes: number;
  /** Notes of one inspector; more are left out → `notes_truncated`. */
  readonly maxNotes: number;
  /** Bytes of one inspector's notes as JSON; more are left out → `notes_truncated`. */
  readonly maxNoteBytes: number;
  /** Bytes of a file that is shown to an inspector as a whole, whatever it asks for. */
  readonly maxGatheredBytes: number;
  /** Bytes to which all sparse files are expanded for inspectors; more are left out → `sparse_file_skipped`. */
  readonly maxSparseBytes: number;
  /** Characters of a path or link target → `name_too_long`. */
  readonly maxPathBytes: number;
  /** Directories above a file → `path_too_deep`. */
  readonly maxDepth: number;
}

export const defaultLimits: LayerLimits = {
  maxBytes: 16 * 1024 ** 3,
  maxEntries: 1_000_000,
  maxKeptBytes: 128 * 1024 ** 2,
  maxNotes: 50_000,
  maxNoteBytes: 16 * 1024 ** 2,
  maxGatheredBytes: 96 * 1024 ** 2,
  maxSparseBytes: 1024 ** 3,
  // PATH_MAX of Linux.
  maxPathBytes: 4096,
  maxDepth: 256,
};

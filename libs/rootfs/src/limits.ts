/** Bounds on one layer; each has its own error code. */
export interface LayerLimits {
  /** Uncompressed bytes of the tar → `layer_too_large`. */
  readonly maxBytes: number;
  /** Members of the tar → `too_many_entries`. */
  readonly maxEntries: number;
  /** Bytes kept for analyzers and as links and whiteouts → `layer_contents_too_large`. */
  readonly maxKeptBytes: number;
  /** Characters of a path or link target → `name_too_long`. */
  readonly maxPathBytes: number;
  /** Directories above a file → `path_too_deep`. */
  readonly maxDepth: number;
}

export const defaultLimits: LayerLimits = {
  maxBytes: 16 * 1024 ** 3,
  maxEntries: 1_000_000,
  maxKeptBytes: 128 * 1024 ** 2,
  // PATH_MAX of Linux.
  maxPathBytes: 4096,
  maxDepth: 256,
};

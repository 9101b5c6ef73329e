import type { Note } from './inspector.ts';
import { PathSet } from './path-set.ts';

/** What is kept of one member; paths are those of the tar, from the root. */
export type KeptEntry =
  | { readonly kind: 'file'; readonly path: string; readonly size: number; readonly content: Buffer }
  /** Wanted, but over the limit that its analyzer named. */
  | { readonly kind: 'oversized'; readonly path: string; readonly size: number }
  | { readonly kind: 'symlink'; readonly path: string; readonly target: string }
  /** Wanted, but the target is not among the kept files of the layer; a lower layer may have it. */
  | { readonly kind: 'hardlink'; readonly path: string; readonly target: string };

/** All that one layer says about the wanted files, independent of the layers around it: it can be kept by DiffID. */
export interface LayerContents {
  /** In the order of the tar; of several members of one name only the last. */
  readonly entries: readonly KeptEntry[];
  /** Paths that the layer deletes from those below (`.wh.` files). */
  readonly whiteouts: readonly string[];
  /** Directories whose content below is hidden (`.wh..wh..opq`). */
  readonly opaque: readonly string[];
  /** Every path that the layer holds as something other than a directory: it replaces a directory of a lower layer. */
  readonly nonDirectories: PathSet;
  /** Every path that the layer holds as a directory: it replaces a file or link of a lower layer. */
  readonly directories: PathSet;
  /** What the inspectors found, by the name of each; in the order of the tar, of several members of one name the last. */
  readonly notes: Readonly<Record<string, readonly Note[]>>;
  /** What was left out, though the layer could be read. */
  readonly skipped: readonly Skipped[];
  readonly entryCount: number;
  /** Uncompressed bytes of the tar. */
  readonly bytes: number;
}

/** What a layer without members says: nothing. */
export const noContents: LayerContents = {
  entries: [],
  whiteouts: [],
  opaque: [],
  nonDirectories: PathSet.of([]),
  directories: PathSet.of([]),
  notes: {},
  skipped: [],
  entryCount: 0,
  bytes: 0,
};

/** A part of a layer that was not analysed as it should have been. */
export interface Skipped {
  /**
   * `notes_truncated`: an inspector, `subject`, noted more than is kept of one layer; `sparse_file_skipped`: the file
   * `subject` is too large when its holes are filled; `inspection_failed`: an inspector threw, `subject` is
   * `inspector: path`.
   */
  readonly code: 'notes_truncated' | 'sparse_file_skipped' | 'inspection_failed';
  readonly subject: string;
  /** How many notes or files; of files only the first is named. */
  readonly count: number;
}

/** Who wants which files. A set of analyzers belongs to a version: contents kept under another version are read anew. */
export interface Analyzer {
  readonly name: string;
  /** Most bytes of this file that are of use, or undefined when the file is not wanted. */
  wants(path: string, size: number): number | undefined;
  /** Makes the content smaller before it is kept, for example to the fields that are read later. */
  reduce?(path: string, content: Buffer): Buffer;
}

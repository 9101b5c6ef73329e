import type { AdvisoryFormat } from '@gabion/advisories/advisory';

/** What a thread is to read; `now` in milliseconds, since it has to judge dates. */
export interface ReadingTask {
  readonly source: string;
  readonly format?: AdvisoryFormat;
  readonly ecosystem?: string;
  readonly now: number;
  readonly documents: readonly TaskDocument[];
  /** The document is a bundle, of which the source's own part is read. */
  readonly isBundle: boolean;
  /** How many hashes will be told to be held already. */
  readonly heldCount: number;
}

/** A file to read: the whole feed (id 0), or one of its documents. */
export interface TaskDocument {
  readonly id: number;
  readonly path: string;
}

/** What has been read so far; `skipped` are the first files that were no advisories, with the reason. */
export interface ReadingCounts {
  readonly filesRead: number;
  readonly advisoriesRead: number;
  readonly filesSkipped: number;
  readonly skipped: readonly string[];
  /** Entries that the source did not hold. */
  readonly entriesAdded: number;
}

/** What a feed holds, once it is read to its end. */
export interface ReadingEnd {
  readonly counts: ReadingCounts;
  readonly format: AdvisoryFormat | undefined;
  readonly ecosystems: readonly string[];
  /** Advisories that concern packages, by document. */
  readonly advisories: ReadonlyMap<number, number>;
  readonly factCount: number;
  readonly kinds: FactKinds;
  readonly latestChange: number;
  /** Hashes of entries that were held and are not in the feed any more, one after the other. */
  readonly gone: Uint8Array;
}

/** Which kinds of facts a feed brings. */
export interface FactKinds {
  readonly epss: boolean;
  readonly kev: boolean;
  readonly record: boolean;
  readonly lifecycles: boolean;
}

/** What the thread tells. A batch is JSON in UTF-8: rows for the staging table of that name. */
export type ThreadMessage =
  | { readonly kind: 'batch'; readonly table: StagingTable; readonly rows: Uint8Array }
  | { readonly kind: 'counts'; readonly counts: ReadingCounts }
  | { readonly kind: 'end'; readonly end: ReadingEnd }
  | { readonly kind: 'refused'; readonly code: string; readonly message: string };

export type StagingTable = 'staged_entries' | 'staged_facts' | 'staged_lifecycles';

/** What the thread is told: hashes that are held, `begin` after the last of them, `more` when a batch is written. */
export type ThreadOrder =
  | { readonly kind: 'held'; readonly hashes: Uint8Array }
  | { readonly kind: 'begin' }
  | { readonly kind: 'more' };

/**
 * How far a reader has come in `events.log`: everything up to `seq` has been handled, except rows of transactions that
 * had not ended when it was read.
 *
 * Numbers are taken before commits happen, so a row with a low `seq` may become visible after one with a higher `seq`
 * has been handled: a reader that asks for `seq > n` loses it. Ordering by (xid, seq) below the oldest running
 * transaction loses nothing, but puts the events of a transaction that began early and published late before those of
 * the transaction it had waited for, and waits for every long transaction of the whole server. Here rows are read in
 * order of `seq` as soon as they are visible, and the cursor remembers which transactions may still add rows behind
 * it. A publisher that was serialised behind another (by a row lock, say) has the higher `seq`, and whoever sees its
 * event sees the other's too: order per key holds.
 */
export interface LogCursor {
  readonly seq: bigint;
  /** Disjoint ranges of transactions that may still add rows behind `seq`. */
  readonly open: readonly OpenTransactions[];
}

/** Transactions `from` ≤ xid < `to`; their rows up to `after` have been handled or cannot exist. */
export interface OpenTransactions {
  readonly from: bigint;
  readonly to: bigint;
  readonly after: bigint;
}

/** The snapshot a page was read with. */
export interface Snapshot {
  /** The first transaction id above every one that had completed; those from here on may be running. */
  readonly xmax: bigint;
  /** Running transactions below `xmax`, ascending. */
  readonly running: readonly bigint[];
}

/** What reading one page says about one partition. */
export interface PageOfPartition {
  readonly snapshot: Snapshot;
  /** A transaction id handed out after the snapshot was taken: whatever has a higher one began later still. */
  readonly next: bigint;
  /** Highest `seq` handled in the partition. */
  readonly last: bigint;
  /** Where the page ends when there may be more rows, in terms of `seq`; undefined when it held all there was. */
  readonly cut: bigint | undefined;
}

export const beginning: LogCursor = { seq: 0n, open: [] };

/** The cursor after a page of a partition has been handled. */
export function afterPage(cursor: LogCursor, page: PageOfPartition): LogCursor {
  const open = stillOpen(cursor, page.snapshot, page.cut);
  if (page.last <= cursor.seq) return { seq: cursor.seq, open };
  return { seq: page.last, open: [...open, ...newlyOpen(cursor, page)] };
}

/** The cursor after a page without rows: transactions that ended left nothing behind it. */
export function afterNothing(cursor: LogCursor, snapshot: Snapshot): LogCursor {
  return cursor.open.length === 0 ? cursor : { seq: cursor.seq, open: stillOpen(cursor, snapshot, undefined) };
}

function stillOpen(cursor: LogCursor, { xmax, running }: Snapshot, cut: bigint | undefined): OpenTransactions[] {
  const open: OpenTransactions[] = [];
  // A page that ended before `seq` held late rows only, and not all of them: the rest is still to come.
  const isPartial = cut !== undefined && cut < cursor.seq;
  for (const { from, to, after } of cursor.open) {
    const end = to < xmax ? to : xmax;
    let ended = from;
    for (const xid of running) {
      if (xid < from || xid >= end) continue;
      if (isPartial && xid > ended) open.push({ from: ended, to: xid, after: later(after, cut) });
      open.push({ from: xid, to: xid + 1n, after });
      ended = xid + 1n;
    }
    if (isPartial && end > ended) open.push({ from: ended, to: end, after: later(after, cut) });
    if (to > xmax) open.push({ from: later(from, xmax), to, after });
  }
  return open;
}

/** Transactions that may have taken a number between the old and the new `seq` without being visible yet. */
function newlyOpen(cursor: LogCursor, { snapshot, next }: PageOfPartition): OpenTransactions[] {
  const isKnown = (xid: bigint) => cursor.open.some(({ from, to }) => xid >= from && xid < to);
  // Those unknown so far began after the old `seq` had been read, so their rows are all above it.
  const after = cursor.seq;
  const open = snapshot.running.filter((xid) => !isKnown(xid)).map((xid) => ({ from: xid, to: xid + 1n, after }));
  const known = cursor.open.reduce((highest, { to }) => later(highest, to), 0n);
  const from = later(snapshot.xmax, known);
  return next > from ? [...open, { from, to: next, after }] : open;
}

function later(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}

/** Reads PostgreSQL's text form of a snapshot, `xmin:xmax:running,…`. */
export function parseSnapshot(text: string): Snapshot {
  const [, xmax, running] = text.split(':');
  return { xmax: BigInt(xmax!), running: running ? running.split(',').map(BigInt) : [] };
}

/** The open transactions as they are stored: `[[from, to, after], …]`, numbers as text since they exceed 2^53. */
export function openToJson(open: readonly OpenTransactions[]): string {
  return JSON.stringify(open.map(({ from, to, after }) => [`${from}`, `${to}`, `${after}`]));
}

/** The reverse of `openToJson`, of JSON that is parsed already. */
export function openFromJson(stored: readonly (readonly [string, string, string])[]): OpenTransactions[] {
  return stored.map(([from, to, after]) => ({ from: BigInt(from), to: BigInt(to), after: BigInt(after) }));
}

import { describe, expect, it } from '@jest/globals';
import { afterNothing, afterPage, beginning, type LogCursor, parseSnapshot, type Snapshot } from './log-cursor.ts';

const at = (xmax: number, ...running: number[]): Snapshot => ({ xmax: BigInt(xmax), running: running.map(BigInt) });
const open = (from: number, to: number, after: number) => ({
  from: BigInt(from),
  to: BigInt(to),
  after: BigInt(after),
});

describe('cursor of the log', () => {
  it('remembers transactions that may still add rows behind it', () => {
    const cursor = afterPage(beginning, { snapshot: at(12, 10), next: 14n, last: 5n, cut: undefined });
    expect(cursor).toEqual({ seq: 5n, open: [open(10, 11, 0), open(12, 14, 0)] });
  });

  it('forgets them once they have ended and their rows were read', () => {
    const cursor = { seq: 5n, open: [open(10, 11, 0), open(12, 14, 0)] };
    expect(afterNothing(cursor, at(13, 10)).open).toEqual([open(10, 11, 0), open(13, 14, 0)]);
    expect(afterNothing(cursor, at(14)).open).toEqual([]);
  });

  it('looks for rows of a transaction only above where it cannot have begun before', () => {
    const first = afterPage(beginning, { snapshot: at(12), next: 12n, last: 5n, cut: undefined });
    const second = afterPage(first, { snapshot: at(20, 15), next: 20n, last: 9n, cut: undefined });
    expect(second).toEqual({ seq: 9n, open: [open(15, 16, 5)] });
  });

  it('keeps the rest of late rows that did not fit into a page', () => {
    const cursor = { seq: 90n, open: [open(10, 11, 0), open(11, 12, 0)] };
    const partly = afterPage(cursor, { snapshot: at(20, 11), next: 20n, last: 40n, cut: 40n });
    expect(partly).toEqual({ seq: 90n, open: [open(10, 11, 40), open(11, 12, 0)] });
  });

  it('reads the text form of a snapshot', () => {
    expect(parseSnapshot('10:20:10,14,15')).toEqual(at(20, 10, 14, 15));
    expect(parseSnapshot('10:10:')).toEqual(at(10));
  });

  it('reads every row once and causes before effects, whatever the order of commits', () => {
    for (let seed = 1; seed <= 300; seed++) simulate(seed);
  });
});

interface Row {
  readonly seq: number;
  readonly xid: number;
  /** Committed rows that the publisher had seen: those it must come after. */
  readonly causes: readonly number[];
}

/** A server with transactions that begin, publish and end at random, and a reader that reads pages at random. */
function simulate(seed: number): void {
  const random = generator(seed);
  const running = new Map<number, Row[]>();
  const visible = new Map<number, Row>();
  const read: Row[] = [];
  let [nextXid, nextSeq, latestCompleted] = [10, 1, 9];
  let cursor: LogCursor = beginning;
  const readOnce = () => {
    const xmax = latestCompleted + 1;
    const snapshot = at(xmax, ...[...running.keys()].filter((xid) => xid < xmax).sort((a, b) => a - b));
    const limit = 1 + random(4);
    const isBehind = ({ seq, xid }: Row) =>
      seq > cursor.seq || cursor.open.some((o) => xid >= o.from && xid < o.to && seq > o.after && seq <= cursor.seq);
    const page = [...visible.values()]
      .filter(isBehind)
      .sort((a, b) => a.seq - b.seq)
      .slice(0, limit);
    // Between the snapshot and the moment `next` is asked for, other transactions may begin.
    for (let n = random(2); n > 0; n--) running.set(nextXid++, []);
    const last = page.at(-1)?.seq;
    if (last === undefined) {
      cursor = afterNothing(cursor, snapshot);
      return 0;
    }
    const cut = page.length === limit ? BigInt(last) : undefined;
    cursor = afterPage(cursor, { snapshot, next: BigInt(nextXid++), last: BigInt(last), cut });
    read.push(...page);
    return page.length;
  };
  const end = (xid: number) => {
    if (random(5) > 0) for (const row of running.get(xid)!) visible.set(row.seq, row);
    running.delete(xid);
    latestCompleted = Math.max(latestCompleted, xid);
  };
  for (let step = 0; step < 120; step++) {
    const xids = [...running.keys()];
    const some = xids[random(xids.length || 1)];
    const what = random(5);
    if (what === 0 || some === undefined) running.set(nextXid++, []);
    else if (what < 3) running.get(some)!.push({ seq: nextSeq++, xid: some, causes: [...visible.keys()] });
    else if (what === 3) end(some);
    else readOnce();
  }
  for (const xid of [...running.keys()]) end(xid);
  while (readOnce() > 0);
  const places = new Map(read.map((row, place) => [row.seq, place]));
  expect(read.map((row) => row.seq).sort((a, b) => a - b)).toEqual([...visible.keys()].sort((a, b) => a - b));
  for (const row of read) for (const cause of row.causes) expect(places.get(cause)!).toBeLessThan(places.get(row.seq)!);
}

/** mulberry32: the same numbers for the same seed. */
function generator(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

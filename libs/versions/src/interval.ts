import type { VersionOrder } from './order.ts';

/**
 * The versions between two bounds, as plain JSON: at most one lower bound (`from` belongs to it, `after` does not) and
 * one upper bound (`through` belongs to it, `before` does not); without a bound it is open on that side.
 */
export interface Interval {
  readonly from?: string;
  readonly after?: string;
  readonly before?: string;
  readonly through?: string;
}

/** Whether the version lies in the interval. */
export function isWithin(order: VersionOrder, interval: Interval, version: string): boolean {
  const { from, after, before, through } = interval;
  if (from !== undefined && order.compare(version, from) < 0) return false;
  if (after !== undefined && order.compare(version, after) <= 0) return false;
  if (before !== undefined && order.compare(version, before) >= 0) return false;
  return through === undefined || order.compare(version, through) <= 0;
}

/** Whether no version can lie in the interval; `before: '0'` is how advisories write that nothing is affected. */
export function isEmpty(order: VersionOrder, interval: Interval): boolean {
  const { from, after, before, through } = interval;
  if (before !== undefined && /^v?0(?:\.0)*(?:-0)?$/.test(before)) return true;
  const low = from ?? after;
  const high = before ?? through;
  if (low === undefined || high === undefined) return false;
  const distance = order.compare(low, high);
  return distance > 0 || (distance === 0 && !(from !== undefined && through !== undefined));
}

/** The interval as a reader writes it: `>= 1.2, < 1.3`; empty where every version lies in it. */
export function formatInterval(interval: Interval): string {
  const { from, after, before, through } = interval;
  if (from !== undefined && from === through) return `= ${from}`;
  const bounds = [
    from === undefined ? '' : `>= ${from}`,
    after === undefined ? '' : `> ${after}`,
    before === undefined ? '' : `< ${before}`,
    through === undefined ? '' : `<= ${through}`,
  ];
  return bounds.filter(Boolean).join(', ');
}

/** The versions that lie in both. */
export function intersect(order: VersionOrder, a: Interval, b: Interval): Interval {
  return { ...narrower(lowerOf(a), lowerOf(b), (x, y) => order.compare(x, y)), ...upperOf(order, a, b) };
}

type Lower = Pick<Interval, 'from' | 'after'>;
type Upper = Pick<Interval, 'before' | 'through'>;

function lowerOf({ from, after }: Interval): Lower {
  return from !== undefined ? { from } : after !== undefined ? { after } : {};
}

function upperOf(order: VersionOrder, a: Interval, b: Interval): Upper {
  const bound = ({ before, through }: Interval): Upper =>
    before !== undefined ? { before } : through !== undefined ? { through } : {};
  return narrower(bound(a), bound(b), (x, y) => order.compare(y, x));
}

/** Of two bounds the one that leaves fewer versions; at one version the bound that excludes it. */
function narrower<B extends Interval>(a: B, b: B, compare: (x: string, y: string) => number): B {
  const [x, y] = [Object.values(a)[0] as string | undefined, Object.values(b)[0] as string | undefined];
  if (x === undefined || y === undefined) return x === undefined ? b : a;
  const order = compare(x, y);
  if (order !== 0) return order > 0 ? a : b;
  return 'after' in a || 'before' in a ? a : b;
}

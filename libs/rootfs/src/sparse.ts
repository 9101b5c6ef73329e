import { paxNumber } from './pax.ts';
import { RootfsError } from './rootfs-error.ts';
import { blockSize, readNumber } from './tar-header.ts';

/** How a sparse member's stored bytes spread over the file: pairs of offset and length. */
export interface SparseMap {
  readonly realSize: number;
  /** Absent in GNU format 1.0, where the pairs stand as decimal lines before the stored bytes. */
  readonly pieces?: readonly (readonly [offset: number, length: number])[];
}

const maxPieces = 100_000;

/** The sparse map of the pax records, if the member is sparse in GNU format 0.0, 0.1 or 1.0. */
export function sparseFromPax(records: Map<string, string>): SparseMap | undefined {
  const realSize = paxNumber(records, 'GNU.sparse.realsize') ?? paxNumber(records, 'GNU.sparse.size');
  if (realSize === undefined) return undefined;
  if (records.get('GNU.sparse.major') === '1') return { realSize };
  const text = records.get('GNU.sparse.map');
  return text === undefined ? undefined : { realSize, pieces: pairs(text.split(',')) };
}

/** The sparse map inside an old GNU header (type `S`) or one of its extension blocks; `more` says that another follows. */
export function sparseFromBlock(block: Buffer, place: 'header' | 'extension') {
  const [start, count, flag] = place === 'header' ? [386, 4, 482] : [0, 21, 504];
  const pieces: [number, number][] = [];
  for (let i = 0; i < count; i++) {
    const at = start + i * 24;
    if (block[at] === 0) break;
    pieces.push([readNumber(block, at, 12), readNumber(block, at + 12, 12)]);
  }
  return { pieces, more: block[flag] !== 0, realSize: place === 'header' ? readNumber(block, 483, 12) : 0 };
}

/** Spreads the stored bytes of a sparse member over the whole file, at most `limit` bytes of it. */
export function expandSparse(stored: Buffer, map: SparseMap): Buffer {
  const whole = Buffer.alloc(map.realSize);
  const { pieces, data } = map.pieces ? { pieces: map.pieces, data: stored } : mapInData(stored);
  let from = 0;
  for (const [offset, length] of pieces) {
    if (offset + length > map.realSize || from + length > data.length) throw malformed();
    data.copy(whole, offset, from, from + length);
    from += length;
  }
  return whole;
}

function mapInData(stored: Buffer) {
  let at = 0;
  const line = () => {
    const end = stored.indexOf(0x0a, at);
    if (end === -1) throw malformed();
    const text = stored.toString('latin1', at, end);
    at = end + 1;
    return text;
  };
  const count = Number(line());
  if (!Number.isInteger(count) || count < 0 || count > maxPieces) throw malformed();
  const numbers: string[] = [];
  for (let i = 0; i < count * 2; i++) numbers.push(line());
  return { pieces: pairs(numbers), data: stored.subarray(Math.ceil(at / blockSize) * blockSize) };
}

function pairs(numbers: readonly string[]): [number, number][] {
  if (numbers.length % 2 !== 0 || numbers.length > maxPieces * 2) throw malformed();
  const found: [number, number][] = [];
  for (let i = 0; i < numbers.length; i += 2) {
    const [offset, length] = [Number(numbers[i]), Number(numbers[i + 1])];
    if (!Number.isSafeInteger(offset) || !Number.isSafeInteger(length) || offset < 0 || length < 0) throw malformed();
    found.push([offset, length]);
  }
  return found;
}

function malformed(): RootfsError {
  return new RootfsError('layer_invalid', 'a sparse map is malformed');
}

/** Pages of a SQLite database (https://www.sqlite.org/fileformat2.html), wherever they come from. */
export interface PageSource {
  readonly pageSize: number;
  /** Bytes of a page that are in use: some may be reserved at its end. */
  readonly usableSize: number;
  readonly encoding: TextEncoding;
  /** A page by its number, from 1; undefined where it is not there. */
  page(number: number): Buffer | undefined;
}

export type TextEncoding = 'utf8' | 'utf16le' | 'utf16be';

/** A page of a table's tree: an inner page names others, a leaf has cells. Pages of indexes and all others are neither. */
export type TablePage = { readonly children: readonly number[] } | { readonly cells: readonly Cell[] };

export interface Cell {
  readonly rowid: number;
  /** Bytes of the record. */
  readonly length: number;
  /** The part of the record that is on the page. */
  readonly local: Buffer;
  /** The first page of its remainder, or 0. */
  readonly overflow: number;
}

const innerTable = 0x05;
const leafTable = 0x0d;
/** Page 1 begins with the header of the database. */
const databaseHeaderBytes = 100;

/** Whether a page number is one that SQLite has. */
export function isPageNumber(number: number): boolean {
  return number >= 1 && number <= 0xfffffffe;
}

/** The page as a page of a table; undefined when it is none. */
export function tablePage(source: PageSource, number: number): TablePage | undefined {
  const page = source.page(number);
  const start = number === 1 ? databaseHeaderBytes : 0;
  const type = page?.[start];
  if (!page || (type !== innerTable && type !== leafTable)) return undefined;
  const pointers = type === innerTable ? start + 12 : start + 8;
  const count = Math.min(page.readUInt16BE(start + 3), (source.usableSize - pointers) >> 1);
  const offsets = Array.from({ length: count }, (_, i) => page.readUInt16BE(pointers + 2 * i));
  if (type === leafTable) return { cells: leafCells(source, page, offsets) };
  const children = offsets.filter((at) => at + 4 <= page.length).map((at) => page.readUInt32BE(at));
  return { children: [...children, page.readUInt32BE(start + 8)] };
}

function leafCells(source: PageSource, page: Buffer, offsets: readonly number[]): Cell[] {
  const cells: Cell[] = [];
  let bytes = 0;
  for (const at of offsets) {
    const cell = cellAt(source, page, at);
    if (!cell) continue;
    // Cells do not overlap: many pointers to one cell would make much of little.
    bytes += cell.local.length;
    if (bytes > page.length) break;
    cells.push(cell);
  }
  return cells;
}

function cellAt({ usableSize }: PageSource, page: Buffer, at: number): Cell | undefined {
  const length = varint(page, at);
  const rowid = length && varint(page, length.end);
  if (!length || !rowid) return undefined;
  const localBytes = localBytesOf(length.value, usableSize);
  const end = rowid.end + localBytes;
  const isWhole = localBytes === length.value;
  if (end + (isWhole ? 0 : 4) > page.length) return undefined;
  const overflow = isWhole ? 0 : page.readUInt32BE(end);
  return { rowid: rowid.value, length: length.value, local: page.subarray(rowid.end, end), overflow };
}

/** Section 1.6, "Cell Payload Overflow Pages", for leaves of tables. */
function localBytesOf(length: number, usableSize: number): number {
  const most = usableSize - 35;
  if (length <= most) return length;
  const least = Math.floor(((usableSize - 12) * 32) / 255) - 23;
  const fitting = least + ((length - least) % (usableSize - 4));
  return fitting <= most ? fitting : least;
}

/** A whole number of 1 to 9 bytes; undefined where the bytes end before it. Over 2^53 it is inexact. */
export function varint(bytes: Buffer, start: number): { readonly value: number; readonly end: number } | undefined {
  let value = 0;
  for (let i = 0; i < 9; i++) {
    const byte = bytes[start + i];
    if (byte === undefined) return undefined;
    if (i === 8) return { value: value * 256 + byte, end: start + 9 };
    value = value * 128 + (byte & 0x7f);
    if (byte < 0x80) return { value, end: start + i + 1 };
  }
  return undefined;
}

import { headerOf, isPageSize } from './sqlite-file.ts';
import type { PageSource } from './sqlite-page.ts';

/** Section 4 of the file format: a header of 32 bytes, then frames of a 24-byte header and a page each. */
const headerBytes = 32;
const frameHeaderBytes = 24;
/** The last bit says in which byte order checksums are made. */
const magics: ReadonlySet<number> = new Set([0x377f0682, 0x377f0683]);
const formatVersion = 3007000;

/** What transactions that are only in the write-ahead log have made of pages. */
export interface Log extends PageSource {
  readonly pageNumbers: Iterable<number>;
  /** Pages of the database after the last transaction. */
  readonly pageCount: number;
}

/** Whether these are the bytes of a write-ahead log. */
export function isLog(file: Buffer): boolean {
  return file.length >= headerBytes && magics.has(file.readUInt32BE(0));
}

/**
 * The last committed state of each page in a write-ahead log. Frames count up to the first whose salts or checksum are
 * not those of this log (older ones are left behind it when a log begins anew), and only if a commit follows them.
 */
export function pagesOfLog(file: Buffer): Log | undefined {
  const pageSize = file.length >= headerBytes ? file.readUInt32BE(8) : 0;
  if (!isLog(file) || file.readUInt32BE(4) !== formatVersion || !isPageSize(pageSize)) return undefined;
  const { frames, pageCount } = committed(file, pageSize);
  const page = (number: number) => {
    const at = frames.get(number);
    return at === undefined ? undefined : file.subarray(at, at + pageSize);
  };
  const first = page(1);
  // Every transaction writes page 1; without it, the usual is assumed.
  const header = (first && headerOf(first)) ?? { usableSize: pageSize, encoding: 'utf8' as const };
  return { ...header, pageSize, page, pageNumbers: frames.keys(), pageCount };
}

/** Where the content of each page begins. */
function committed(file: Buffer, pageSize: number) {
  const sums = new Checksum(file, (file.readUInt32BE(0) & 1) === 1);
  const frames = new Map<number, number>();
  let pageCount = 0;
  if (!sums.add(0, 24).isAt(24)) return { frames, pageCount };
  const salts = file.subarray(16, 24);
  const open = new Map<number, number>();
  for (let at = headerBytes; at + frameHeaderBytes + pageSize <= file.length; at += frameHeaderBytes + pageSize) {
    const content = at + frameHeaderBytes;
    const isOurs = file.subarray(at + 8, at + 16).equals(salts);
    if (
      !isOurs ||
      !sums
        .add(at, 8)
        .add(content, pageSize)
        .isAt(at + 16)
    )
      break;
    open.set(file.readUInt32BE(at), content);
    const committedCount = file.readUInt32BE(at + 4);
    if (committedCount === 0) continue;
    for (const [number, start] of open) frames.set(number, start);
    open.clear();
    pageCount = committedCount;
  }
  return { frames, pageCount };
}

/** Section 4.2: two running sums over 32-bit words, from the beginning of the log on. */
class Checksum {
  readonly #file: Buffer;
  readonly #isBigEndian: boolean;
  #first = 0;
  #second = 0;

  constructor(file: Buffer, isBigEndian: boolean) {
    this.#file = file;
    this.#isBigEndian = isBigEndian;
  }

  add(start: number, length: number): this {
    const read = this.#isBigEndian ? this.#file.readUInt32BE : this.#file.readUInt32LE;
    for (let at = start; at < start + length; at += 8) {
      this.#first = (this.#first + read.call(this.#file, at) + this.#second) >>> 0;
      this.#second = (this.#second + read.call(this.#file, at + 4) + this.#first) >>> 0;
    }
    return this;
  }

  isAt(at: number): boolean {
    return this.#file.readUInt32BE(at) === this.#first && this.#file.readUInt32BE(at + 4) === this.#second;
  }
}

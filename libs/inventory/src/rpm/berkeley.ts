/** Berkeley DB (db_page.h of 4.x and 5.x): pages of one size, in the byte order of the machine that wrote them. */

const magicAt = 12;
const hashMagic = 0x061561;
const treeMagic = 0x053162;
const pageSizeAt = 20;

const pageHeaderBytes = 26;
const nextPageAt = 16;
const entryCountAt = 20;
/** On an overflow page: bytes of data on it. */
const dataBytesAt = 22;
const pageTypeAt = 25;

const pageType = { unsortedHash: 2, treeLeaf: 5, overflow: 7, hash: 13 } as const;
const hashItem = { keyData: 1, offPage: 3 } as const;
const treeItem = { keyData: 1, overflow: 3 } as const;

/** What a page says where a value is: here, or on other pages. */
type Value = { readonly here: Buffer } | { readonly page: number; readonly length: number };

/** Whether these are the bytes of a hash or tree of Berkeley DB. */
export function isBerkeley(file: Buffer): boolean {
  return Pages.of(file) !== undefined;
}

/**
 * The values of a `Packages` database: a header each, and one short record that counts instances. Pages are read one
 * after another, not by bucket: rpm needs them all. Undefined stands for a value whose pages are broken or run in a circle.
 */
export function* berkeleyValues(file: Buffer): Generator<Buffer | undefined> {
  const pages = Pages.of(file);
  if (!pages) return;
  for (let number = 1; number < pages.count; number++) {
    for (const value of valuesOn(pages, number)) {
      yield 'here' in value ? value.here : pages.chain(value.page, value.length);
    }
  }
}

function* valuesOn(pages: Pages, number: number): Generator<Value> {
  const page = pages.at(number);
  const type = page[pageTypeAt]!;
  const isHash = type === pageType.hash || type === pageType.unsortedHash;
  if (!isHash && type !== pageType.treeLeaf) return;
  const entryCount = Math.min(pages.read16(page, entryCountAt), (page.length - pageHeaderBytes) >> 1);
  // Items come in pairs, a key and its value.
  for (let i = 1; i < entryCount; i += 2) {
    const at = pages.read16(page, pageHeaderBytes + 2 * i);
    // Of a hash page, items are stored from the end: the one before begins where this one ends.
    const end = pages.read16(page, pageHeaderBytes + 2 * (i - 1));
    const value = isHash ? hashValue(pages, page, at, end) : treeValue(pages, page, at);
    if (value) yield value;
  }
}

function hashValue(pages: Pages, page: Buffer, at: number, end: number): Value | undefined {
  if (at < pageHeaderBytes || at >= page.length) return undefined;
  if (page[at] === hashItem.keyData && end > at) return { here: page.subarray(at + 1, end) };
  if (page[at] !== hashItem.offPage || at + 12 > page.length) return undefined;
  return { page: pages.read32(page, at + 4), length: pages.read32(page, at + 8) };
}

function treeValue(pages: Pages, page: Buffer, at: number): Value | undefined {
  if (at < pageHeaderBytes || at + 12 > page.length) return undefined;
  // The high bit marks what is deleted.
  const type = page[at + 2]!;
  if (type === treeItem.keyData) return { here: page.subarray(at + 3, at + 3 + pages.read16(page, at)) };
  if (type !== treeItem.overflow) return undefined;
  return { page: pages.read32(page, at + 4), length: pages.read32(page, at + 8) };
}

class Pages {
  readonly #file: Buffer;
  readonly #pageSize: number;
  readonly #isLittleEndian: boolean;
  /** Overflow pages that a value had: each belongs to one, so that all reading together is bounded by the file. */
  readonly #used: Uint8Array;

  private constructor(file: Buffer, pageSize: number, isLittleEndian: boolean) {
    this.#file = file;
    this.#pageSize = pageSize;
    this.#isLittleEndian = isLittleEndian;
    this.#used = new Uint8Array(this.count);
  }

  static of(file: Buffer): Pages | undefined {
    if (file.length < 512) return undefined;
    const isLittleEndian = isMagic(file.readUInt32LE(magicAt));
    if (!isLittleEndian && !isMagic(file.readUInt32BE(magicAt))) return undefined;
    const pageSize = isLittleEndian ? file.readUInt32LE(pageSizeAt) : file.readUInt32BE(pageSizeAt);
    const isPower = (pageSize & (pageSize - 1)) === 0;
    if (!isPower || pageSize < 512 || pageSize > 65536) return undefined;
    return new Pages(file, pageSize, isLittleEndian);
  }

  get count(): number {
    return Math.floor(this.#file.length / this.#pageSize);
  }

  at(number: number): Buffer {
    return this.#file.subarray(number * this.#pageSize, (number + 1) * this.#pageSize);
  }

  read16(page: Buffer, at: number): number {
    return this.#isLittleEndian ? page.readUInt16LE(at) : page.readUInt16BE(at);
  }

  read32(page: Buffer, at: number): number {
    return this.#isLittleEndian ? page.readUInt32LE(at) : page.readUInt32BE(at);
  }

  /** A value on overflow pages; undefined where its chain does not hold it. */
  chain(first: number, length: number): Buffer | undefined {
    const parts: Buffer[] = [];
    let found = 0;
    for (let number = first; found < length; ) {
      if (number === 0 || number >= this.count || this.#used[number]) return undefined;
      this.#used[number] = 1;
      const page = this.at(number);
      if (page[pageTypeAt] !== pageType.overflow) return undefined;
      const part = page.subarray(pageHeaderBytes, pageHeaderBytes + this.read16(page, dataBytesAt));
      parts.push(part);
      found += part.length;
      number = this.read32(page, nextPageAt);
    }
    return Buffer.concat(parts, length);
  }
}

function isMagic(value: number): boolean {
  return value === hashMagic || value === treeMagic;
}

import { inflateRawSync } from 'node:zlib';
import { Fields } from '../elf/fields.ts';

/** A member of a zip archive, as its central directory has it. */
export interface ZipEntry {
  readonly name: string;
  /** 0 stored, 8 deflated; others are not read. */
  readonly method: number;
  readonly isEncrypted: boolean;
  readonly packedSize: number;
  readonly size: number;
  readonly headerAt: number;
}

const endSignature = Buffer.from('PK\x05\x06', 'latin1');
const endSize = 22;
const maxComment = 0xffff;
const entrySignature = 0x02014b50;
const entrySize = 46;
const localSignature = 0x04034b50;
const localSize = 30;

/** A zip archive in memory (APPNOTE 6.3.10), read by its central directory as Java does. */
export class ZipArchive {
  readonly #fields: Fields;
  readonly #directoryAt: number;
  readonly #directoryEnd: number;
  /** Bytes in front of the archive, which its offsets do not count: the script of a self-executing jar. */
  readonly #shift: number;

  private constructor(fields: Fields, directory: Directory) {
    this.#fields = fields;
    this.#directoryAt = directory.start;
    this.#directoryEnd = directory.end;
    this.#shift = directory.shift;
  }

  /** Undefined for bytes without a central directory. */
  static open(bytes: Buffer): ZipArchive | undefined {
    const fields = new Fields(bytes, true);
    const directory = findDirectory(fields);
    return directory && new ZipArchive(fields, directory);
  }

  /** The members, in the order of the central directory. */
  *entries(): Generator<ZipEntry> {
    const fields = this.#fields;
    for (let at = this.#directoryAt; at + entrySize <= this.#directoryEnd && fields.u32(at) === entrySignature; ) {
      const nameEnd = at + entrySize + fields.u16(at + 28);
      const extraEnd = nameEnd + fields.u16(at + 30);
      const entry = {
        name: fields.bytes.toString('utf8', at + entrySize, Math.min(nameEnd, this.#directoryEnd)),
        method: fields.u16(at + 10),
        isEncrypted: (fields.u16(at + 8) & 1) !== 0,
        packedSize: fields.u32(at + 20),
        size: fields.u32(at + 24),
        headerAt: fields.u32(at + 42),
      };
      yield this.#widened(entry, nameEnd, extraEnd);
      at = extraEnd + fields.u16(at + 32);
    }
  }

  /** The bytes of a member as they are stored; undefined when the archive does not have them. */
  packed({ headerAt, packedSize }: ZipEntry): Buffer | undefined {
    const at = headerAt + this.#shift;
    if (this.#fields.u32(at) !== localSignature) return undefined;
    const start = at + localSize + this.#fields.u16(at + 26) + this.#fields.u16(at + 28);
    const piece = this.#fields.bytes.subarray(start, start + packedSize);
    return piece.length === packedSize ? piece : undefined;
  }

  /** The content of a member, if it is not over `max` bytes and whole; undefined otherwise. */
  content(entry: ZipEntry, max: number): Buffer | undefined {
    if (entry.isEncrypted || entry.size > max) return undefined;
    const packed = this.packed(entry);
    if (!packed || entry.method === 0) return packed && packed.length <= max ? packed : undefined;
    if (entry.method !== 8) return undefined;
    try {
      return inflateRawSync(packed, { maxOutputLength: Math.max(1, max) });
    } catch {
      return undefined;
    }
  }

  /** Numbers that do not fit are in the extra field 1 (zip64), in this order, and only those. */
  #widened(entry: ZipEntry, extraAt: number, extraEnd: number): ZipEntry {
    const isWide = (value: number) => value === 0xffffffff;
    if (!isWide(entry.size) && !isWide(entry.packedSize) && !isWide(entry.headerAt)) return entry;
    const fields = this.#fields;
    for (let at = extraAt; at + 4 <= extraEnd; at += 4 + fields.u16(at + 2)) {
      if (fields.u16(at) !== 1) continue;
      const wide: number[] = [];
      const of = (value: number) => (isWide(value) ? fields.u64(at + 4 + 8 * (wide.push(value) - 1)) : value);
      return { ...entry, size: of(entry.size), packedSize: of(entry.packedSize), headerAt: of(entry.headerAt) };
    }
    return entry;
  }
}

interface Directory {
  readonly start: number;
  readonly end: number;
  readonly shift: number;
}

/** The last end record whose numbers lead to a central directory; a comment may hold another one's signature. */
function findDirectory(fields: Fields): Directory | undefined {
  const { bytes } = fields;
  const lowest = Math.max(0, bytes.length - endSize - maxComment);
  for (let at = bytes.lastIndexOf(endSignature); at >= lowest; at = bytes.lastIndexOf(endSignature, at - 1)) {
    const directory = at + endSize <= bytes.length ? directoryOf(fields, at) : undefined;
    if (directory) return directory;
    if (at === 0) break;
  }
  return undefined;
}

function directoryOf(fields: Fields, at: number): Directory | undefined {
  const isZip64 = fields.u32(at - 20) === 0x07064b50 && fields.u32(at + 16) === 0xffffffff;
  const wide = isZip64 ? zip64End(fields, at - 20) : undefined;
  const end = wide?.at ?? at;
  const size = wide?.size ?? fields.u32(at + 12);
  const offset = wide?.offset ?? fields.u32(at + 16);
  const start = end - size;
  // The directory ends where its end record begins; where it says to begin tells what was put in front.
  const isThere = size === 0 || fields.u32(start) === entrySignature;
  if (start >= 0 && isThere) return { start, end, shift: Math.max(0, start - offset) };
  const isAtOffset = offset < at && fields.u32(offset) === entrySignature;
  return isAtOffset ? { start: offset, end: at, shift: 0 } : undefined;
}

function zip64End(fields: Fields, locatorAt: number): { at: number; size: number; offset: number } | undefined {
  for (const at of [locatorAt - 56, fields.u64(locatorAt + 8)]) {
    if (fields.u32(at) === 0x06064b50) return { at, size: fields.u64(at + 40), offset: fields.u64(at + 48) };
  }
  return undefined;
}

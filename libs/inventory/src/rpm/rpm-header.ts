/** Tags of an rpm header that the inventory reads (rpmtag.h). */
export const rpmTag = {
  name: 1000,
  version: 1001,
  release: 1002,
  epoch: 1003,
  vendor: 1011,
  license: 1014,
  architecture: 1022,
  oldFileNames: 1027,
  sourceRpm: 1044,
  directoryIndexes: 1116,
  baseNames: 1117,
  directoryNames: 1118,
  modularityLabel: 5096,
} as const;

type Tag = (typeof rpmTag)[keyof typeof rpmTag];

const wantedTags: ReadonlySet<number> = new Set(Object.values(rpmTag));

// Types of rpmtypes.h.
const int32Type = 4;
const stringType = 6;
const stringTypes: ReadonlySet<number> = new Set([stringType, 8, 9]);

const preambleBytes = 8;
const entryBytes = 16;
/** Limits of rpm itself (hdrblobInit): tags of a header and bytes of its data. */
const maxEntries = 0xffff;
const maxDataBytes = 256 * 1024 * 1024;
/** Of a text so much is read: the longest that counts is a path. */
const maxTextBytes = 8192;

interface Entry {
  readonly type: number;
  /** Where its data begins in the blob. */
  readonly at: number;
  readonly count: number;
}

/**
 * One header as databases hold it: two lengths, an index of 16-byte entries (tag, type, offset, count) and their data,
 * all big-endian, without the magic of package files. What lies outside its bounds is as if it were not there.
 */
export class RpmHeader {
  readonly #blob: Buffer;
  readonly #end: number;
  readonly #entries = new Map<number, Entry>();

  private constructor(blob: Buffer, entryCount: number, dataBytes: number) {
    this.#blob = blob;
    const dataStart = preambleBytes + entryCount * entryBytes;
    this.#end = dataStart + dataBytes;
    for (let at = preambleBytes; at < dataStart; at += entryBytes) {
      const tag = blob.readUInt32BE(at);
      const offset = blob.readUInt32BE(at + 8);
      if (!wantedTags.has(tag) || offset >= dataBytes) continue;
      // Entries behind the immutable region (rpm's "dribbles") replace those of the same tag in it.
      this.#entries.set(tag, {
        type: blob.readUInt32BE(at + 4),
        at: dataStart + offset,
        count: blob.readUInt32BE(at + 12),
      });
    }
  }

  /** The header that a blob holds, or undefined where it cannot be one. */
  static of(blob: Buffer): RpmHeader | undefined {
    if (blob.length < preambleBytes) return undefined;
    const entryCount = blob.readUInt32BE(0);
    const dataBytes = blob.readUInt32BE(4);
    if (entryCount === 0 || entryCount > maxEntries || dataBytes > maxDataBytes) return undefined;
    if (preambleBytes + entryCount * entryBytes + dataBytes > blob.length) return undefined;
    return new RpmHeader(blob, entryCount, dataBytes);
  }

  /** A text tag, of a translated one the first text; empty where there is none. */
  text(tag: Tag): string {
    const { value } = this.texts(tag).next();
    return value ?? '';
  }

  /** The texts of an array, as many as are there. */
  *texts(tag: Tag): Generator<string, undefined> {
    const entry = this.#entries.get(tag);
    if (!entry || !stringTypes.has(entry.type)) return undefined;
    let at = entry.at;
    const count = entry.type === stringType ? 1 : entry.count;
    for (let i = 0; i < count && at < this.#end; i++) {
      const found = this.#blob.indexOf(0, at);
      const end = found === -1 || found > this.#end ? this.#end : found;
      yield this.#blob.toString('utf8', at, Math.min(end, at + maxTextBytes));
      at = end + 1;
    }
    return undefined;
  }

  /** An array of 32-bit numbers, as many as are there. */
  *numbers(tag: Tag): Generator<number, undefined> {
    const entry = this.#entries.get(tag);
    if (entry?.type !== int32Type) return undefined;
    const end = Math.min(this.#end, entry.at + entry.count * 4);
    for (let at = entry.at; at + 4 <= end; at += 4) yield this.#blob.readUInt32BE(at);
    return undefined;
  }
}

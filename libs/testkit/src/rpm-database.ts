import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/** A package of rpm made for a test. */
export interface TestRpm {
  readonly name: string;
  readonly version: string;
  readonly release: string;
  readonly epoch?: number;
  readonly architecture?: string;
  readonly sourceRpm?: string;
  readonly vendor?: string;
  readonly license?: string;
  readonly modularityLabel?: string;
  /** Absolute paths. */
  readonly files?: readonly string[];
  /** Bytes of a description, to make the header larger than pages. */
  readonly padding?: number;
}

type Tagged = readonly [tag: number, type: 4 | 6 | 8 | 9, values: readonly (string | number)[]];

/** The header of a package as databases hold it: without magic, all big-endian. */
export function rpmHeader(rpm: TestRpm): Buffer {
  const texts: readonly (readonly [number, string | undefined])[] = [
    [1000, rpm.name],
    [1001, rpm.version],
    [1002, rpm.release],
    [1011, rpm.vendor],
    [1014, rpm.license],
    [1022, rpm.architecture ?? 'x86_64'],
    [1044, rpm.sourceRpm],
    [5096, rpm.modularityLabel],
  ];
  const tags: Tagged[] = texts.flatMap(([tag, text]) => (text === undefined ? [] : [[tag, 6, [text]] as const]));
  if (rpm.epoch !== undefined) tags.push([1003, 4, [rpm.epoch]]);
  if (rpm.padding) tags.push([1005, 9, ['x'.repeat(rpm.padding)]]);
  if (rpm.files) tags.push(...fileTags(rpm.files));
  return headerOfTags(tags);
}

function fileTags(files: readonly string[]): Tagged[] {
  const split = files.map((path) => [path.slice(0, path.lastIndexOf('/') + 1), path.slice(path.lastIndexOf('/') + 1)]);
  const directories = [...new Set(split.map(([directory]) => directory!))];
  return [
    [1116, 4, split.map(([directory]) => directories.indexOf(directory!))],
    [1117, 8, split.map(([, name]) => name!)],
    [1118, 8, directories],
  ];
}

function headerOfTags(tags: readonly Tagged[]): Buffer {
  const index: Buffer[] = [];
  const data: Buffer[] = [];
  let offset = 0;
  const add = (bytes: Buffer) => {
    data.push(bytes);
    offset += bytes.length;
  };
  for (const [tag, type, values] of tags.toSorted(([a], [b]) => a - b)) {
    if (type === 4) add(Buffer.alloc((4 - (offset % 4)) % 4));
    index.push(big(tag, type, offset, values.length));
    for (const value of values) add(typeof value === 'number' ? big(value) : Buffer.from(`${value}\0`));
  }
  return Buffer.concat([big(tags.length, offset), ...index, ...data]);
}

/** A `Packages.db` of rpm's own form that holds the blobs. */
export function ndbFile(blobs: readonly Buffer[]): Buffer {
  const pages = 1 + Math.floor((blobs.length + 2) / 256);
  const slots = Buffer.alloc(pages * 4096);
  for (let at = 32; at < slots.length; at += 16) slots.write('Slot', at, 'latin1');
  little(slots, 0, Buffer.from('RpmP').readUInt32LE(), 0, 1, pages, blobs.length + 1);
  const parts: Buffer[] = [slots];
  let block = slots.length / 16;
  for (const [i, blob] of blobs.entries()) {
    const blocks = Math.ceil((16 + blob.length + 12) / 16);
    const bytes = Buffer.alloc(blocks * 16);
    little(bytes, 0, Buffer.from('BlbS').readUInt32LE(), i + 1, 1, blob.length);
    blob.copy(bytes, 16);
    bytes.write('BlbE', bytes.length - 4, 'latin1');
    little(slots, 32 + i * 16 + 4, i + 1, block, blocks);
    parts.push(bytes);
    block += blocks;
  }
  return Buffer.concat(parts);
}

/** How a Berkeley DB file is written. */
export interface BerkeleyOptions {
  readonly pageSize?: number;
  readonly isBigEndian?: boolean;
  readonly kind?: 'hash' | 'tree';
}

/** A `Packages` of Berkeley DB, a hash or a tree; values that do not fit half a page go to overflow pages. */
export function berkeleyFile(values: readonly Buffer[], options: BerkeleyOptions = {}): Buffer {
  const writer = new BerkeleyWriter(options);
  for (const [i, value] of values.entries()) writer.add(i, value);
  return writer.file();
}

class BerkeleyWriter {
  readonly #pageSize: number;
  readonly #isBigEndian: boolean;
  readonly #isHash: boolean;
  readonly #pages: Buffer[] = [];

  constructor({ pageSize = 4096, isBigEndian = false, kind = 'hash' }: BerkeleyOptions) {
    this.#pageSize = pageSize;
    this.#isBigEndian = isBigEndian;
    this.#isHash = kind === 'hash';
    this.#page(this.#isHash ? 8 : 9);
  }

  /** A page with one pair; items are stored from its end. */
  add(number: number, value: Buffer): void {
    const key = Buffer.alloc(4);
    this.#write32(key, number, 0);
    const items = [this.#item(key), this.#item(value)];
    const page = this.#page(this.#isHash ? 13 : 5);
    this.#write16(page, items.length, 20);
    let end = this.#pageSize;
    for (const [index, item] of items.entries()) {
      end -= item.length;
      item.copy(page, end);
      this.#write16(page, end, 26 + 2 * index);
    }
  }

  file(): Buffer {
    const meta = this.#pages[0]!;
    this.#write32(meta, this.#isHash ? 0x061561 : 0x053162, 12);
    this.#write32(meta, 9, 16);
    this.#write32(meta, this.#pageSize, 20);
    this.#write32(meta, this.#pages.length - 1, 32);
    return Buffer.concat(this.#pages);
  }

  #page(type: number): Buffer {
    const page = Buffer.alloc(this.#pageSize);
    this.#write32(page, this.#pages.length, 8);
    page[25] = type;
    this.#pages.push(page);
    return page;
  }

  /** The value itself, or where its overflow pages begin. */
  #item(value: Buffer): Buffer {
    if (value.length < this.#pageSize / 2) {
      const head = Buffer.from(this.#isHash ? [1] : [0, 0, 1]);
      if (!this.#isHash) this.#write16(head, value.length, 0);
      return Buffer.concat([head, value]);
    }
    const item = Buffer.alloc(12);
    item[this.#isHash ? 0 : 2] = 3;
    this.#write32(item, this.#overflow(value), 4);
    this.#write32(item, value.length, 8);
    return item;
  }

  #overflow(value: Buffer): number {
    const first = this.#pages.length;
    const room = this.#pageSize - 26;
    for (let at = 0; at < value.length; at += room) {
      const part = value.subarray(at, at + room);
      const page = this.#page(7);
      if (at + room < value.length) this.#write32(page, this.#pages.length, 16);
      this.#write16(page, part.length, 22);
      part.copy(page, 26);
    }
    return first;
  }

  #write16(page: Buffer, value: number, at: number): void {
    if (this.#isBigEndian) page.writeUInt16BE(value, at);
    else page.writeUInt16LE(value, at);
  }

  #write32(page: Buffer, value: number, at: number): void {
    if (this.#isBigEndian) page.writeUInt32BE(value, at);
    else page.writeUInt32LE(value, at);
  }
}

/** Files of a database of SQLite, as they are while someone has it open; the log is empty where there is none. */
export interface SqliteFiles {
  readonly main: Buffer;
  readonly log: Buffer;
}

/** Runs steps on a new `rpmdb.sqlite` and gives its files as they are after each. SQLite itself writes them. */
export function sqliteFiles(
  pragmas: readonly string[],
  ...steps: readonly ((db: DatabaseSync) => void)[]
): SqliteFiles[] {
  const directory = mkdtempSync(join(tmpdir(), 'gabion-rpm-'));
  const path = join(directory, 'rpmdb.sqlite');
  const read = (file: string) => {
    try {
      return readFileSync(file);
    } catch {
      return Buffer.alloc(0);
    }
  };
  try {
    const db = new DatabaseSync(path);
    for (const pragma of pragmas) db.exec(`PRAGMA ${pragma}`);
    db.exec("CREATE TABLE IF NOT EXISTS 'Packages' (hnum INTEGER PRIMARY KEY AUTOINCREMENT, blob BLOB NOT NULL)");
    db.exec("CREATE TABLE IF NOT EXISTS 'Name' (key 'TEXT' NOT NULL, hnum INTEGER NOT NULL, idx INTEGER NOT NULL)");
    const files = steps.map((step) => {
      step(db);
      return { main: read(path), log: read(`${path}-wal`) };
    });
    db.close();
    return files;
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** A step for `sqliteFiles` that adds packages. */
export function addRpms(...rpms: readonly TestRpm[]): (db: DatabaseSync) => void {
  return (db) => {
    db.exec('BEGIN');
    const insert = db.prepare("INSERT INTO 'Packages' (blob) VALUES (?)");
    for (const rpm of rpms) insert.run(rpmHeader(rpm));
    db.exec('COMMIT');
  };
}

function big(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  for (const [i, value] of values.entries()) bytes.writeUInt32BE(value, i * 4);
  return bytes;
}

function little(bytes: Buffer, start: number, ...values: readonly number[]): void {
  for (const [i, value] of values.entries()) bytes.writeUInt32LE(value, start + i * 4);
}

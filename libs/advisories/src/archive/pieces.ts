import type { Budget } from './limits.ts';

/** A part of a large file that is itself a file of the same format. */
export interface Piece {
  /** Behind `#` in the path: the number of the piece, or the name of what it is about. */
  readonly label: string;
  readonly bytes: Uint8Array;
}

/** How a large file falls into pieces; undefined where it has to be read whole. */
export type Splitting = 'lines' | 'items' | 'members' | 'list';

const pieceBytes = 1024 ** 2;

/** How a file that begins so is split: tables of EPSS, lists of records, the NVD's, the packages of Debian's tracker. */
export function splittingOf(head: string): Splitting | undefined {
  if (/^(?:#model_version:|cve[,;]epss|CVE-\d{4}-\d{4,}[,;])/i.test(head)) return 'lines';
  if (/^\s*\[\s*\{/.test(head)) return 'items';
  if (/^\s*\{\s*"[^"]{1,200}"\s*:\s*\{\s*"(?:CVE-\d{4}-\d{4,}|TEMP-\d{7}-[0-9A-F]{6})"\s*:/.test(head))
    return 'members';
  if (/^\s*\{[^[{]{0,1000}"(?:vulnerabilities|data)"\s*:\s*\[\s*\{\s*"(?:cve|id|_id|updateinfo_id)"/.test(head))
    return 'list';
  return undefined;
}

/** The pieces of a large file, none larger than a file may be. */
export function piecesOf(
  splitting: Splitting,
  chunks: AsyncIterable<Uint8Array>,
  budget: Budget,
): AsyncGenerator<Piece> {
  return splitting === 'lines' ? linePieces(chunks, budget) : jsonPieces(splitting, chunks, budget);
}

async function* linePieces(chunks: AsyncIterable<Uint8Array>, budget: Budget): AsyncGenerator<Piece> {
  let [rest, head, number] = [Buffer.alloc(0), '', 0];
  for await (const chunk of chunks) {
    rest = Buffer.concat([rest, chunk]);
    if (rest.length > budget.limits.maxEntryBytes) throw budget.tooLarge('a line');
    const end = rest.lastIndexOf(10) + 1;
    if (end < pieceBytes) continue;
    // The line that tells the day of the scores belongs to all pieces.
    if (number === 0) head = /^(?:#[^\n]{0,500}\n)?/.exec(rest.subarray(0, 600).toString('latin1'))![0];
    yield {
      label: String(number),
      bytes: Buffer.concat([Buffer.from(number === 0 ? '' : head), rest.subarray(0, end)]),
    };
    rest = rest.subarray(end);
    number++;
  }
  if (rest.length > 0)
    yield { label: String(number), bytes: Buffer.concat([Buffer.from(number === 0 ? '' : head), rest]) };
}

const brackets = { items: ['[', ']'], members: ['{', '}'], list: ['{"vulnerabilities":[', ']}'] } as const;

async function* jsonPieces(
  splitting: Exclude<Splitting, 'lines'>,
  chunks: AsyncIterable<Uint8Array>,
  budget: Budget,
): AsyncGenerator<Piece> {
  const [open, close] = brackets[splitting].map((text) => Buffer.from(text)) as [Buffer, Buffer];
  const scanner = new ItemScanner(splitting === 'list' ? 2 : 1, budget);
  let [waiting, size, number]: [Buffer[], number, number] = [[], 0, 0];
  const piece = (): Piece => {
    const bytes = Buffer.concat([
      open,
      ...waiting.flatMap((item, index) => (index === 0 ? [item] : [comma, item])),
      close,
    ]);
    const name =
      splitting === 'members' ? /^\s*"([^"\\]{1,200})"/.exec(waiting[0]!.subarray(0, 220).toString())?.[1] : undefined;
    [waiting, size] = [[], 0];
    return { label: name ?? String(number++), bytes };
  };
  for await (const chunk of chunks) {
    for (const item of scanner.take(chunk)) {
      waiting.push(item);
      size += item.length;
      if (splitting === 'members' || size >= pieceBytes) yield piece();
    }
  }
  scanner.end();
  if (waiting.length > 0) yield piece();
}

const comma = Buffer.from(',');

/** Finds the items of the first list or object at a depth, without parsing what is in them. */
class ItemScanner {
  readonly #depthOfItems: number;
  readonly #budget: Budget;
  #rest = Buffer.alloc(0);
  #at = 0;
  #depth = 0;
  #isText = false;
  #isEscaped = false;
  #start = -1;
  #isDone = false;

  constructor(depthOfItems: number, budget: Budget) {
    this.#depthOfItems = depthOfItems;
    this.#budget = budget;
  }

  *take(chunk: Uint8Array): Generator<Buffer> {
    if (this.#isDone) return;
    this.#rest = this.#rest.length === 0 ? Buffer.from(chunk) : Buffer.concat([this.#rest, chunk]);
    for (; this.#at < this.#rest.length && !this.#isDone; this.#at++) {
      const item = this.#see(this.#rest[this.#at]!);
      if (item) yield item;
    }
    const from = this.#start < 0 ? this.#at : this.#start;
    this.#rest = this.#rest.subarray(from);
    this.#at -= from;
    if (this.#start >= 0) this.#start = 0;
    if (this.#rest.length > this.#budget.limits.maxEntryBytes) throw this.#budget.tooLarge('a record');
  }

  end(): void {
    if (!this.#isDone) throw new Error('JSON ends early');
  }

  #see(byte: number): Buffer | undefined {
    if (this.#isText) {
      if (this.#isEscaped) this.#isEscaped = false;
      else if (byte === 0x5c) this.#isEscaped = true;
      else if (byte === 0x22) this.#isText = false;
      return undefined;
    }
    if (byte === 0x22) this.#isText = true;
    else if (byte === 0x5b || byte === 0x7b) {
      this.#depth++;
      if (this.#depth === this.#depthOfItems && this.#start < 0) this.#start = this.#at + 1;
    } else if (byte === 0x5d || byte === 0x7d) {
      if (this.#depth-- === this.#depthOfItems) return this.#item(true);
    } else if (byte === 0x2c && this.#depth === this.#depthOfItems) return this.#item(false);
    return undefined;
  }

  #item(isLast: boolean): Buffer | undefined {
    const item = this.#rest.subarray(this.#start, this.#at);
    this.#start = this.#at + 1;
    this.#isDone = isLast;
    return item.some((byte) => byte > 0x20) ? item : undefined;
  }
}

import { paxName, paxNumber, paxOwner, readPax } from './pax.ts';
import { RootfsError } from './rootfs-error.ts';
import { type SparseMap, sparseFromBlock, sparseFromPax } from './sparse.ts';
import { blockSize, decodeName, kindOf, readHeader, type TarHeader, type TarKind } from './tar-header.ts';

/** A member of a tar with its full name; names are as written, not yet judged. */
export interface TarEntry {
  readonly path: string;
  readonly kind: TarKind;
  readonly linkTarget: string;
  /** Permission bits with setuid, setgid and sticky. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Bytes stored in the tar; 0 for everything that is not a file. */
  readonly storedSize: number;
  /** Bytes of the file itself; differs from `storedSize` for sparse files only. */
  readonly size: number;
  readonly deviceMajor: number;
  readonly deviceMinor: number;
  readonly sparse?: SparseMap;
  /** Offset of the content from the start of the tar. */
  readonly offset: number;
}

/** Takes the content of one file; the chunks are views into the parser's input and must be copied to be kept. */
export interface ContentSink {
  write(chunk: Buffer): void;
  /** A promise is waited for before the parser goes on. */
  end(): Promise<void> | undefined;
}

/** Bound on the extended headers before one member: the paths in them are refused beyond 4 KiB anyway. */
const maxExtensionBytes = 1024 * 1024;

/** A tar reader that is pushed chunks and calls back per member, so that a layer passes through it without a promise per file. */
export class TarParser {
  readonly #onEntry: (entry: TarEntry) => ContentSink | undefined;
  /** Bytes of a header or extension block that ended in an earlier chunk. */
  #pending: Buffer = Buffer.alloc(0);
  #state: 'header' | 'extension' | 'sparse' | 'content' | 'padding' | 'ended' = 'header';
  #position = 0;
  #remaining = 0;
  #padding = 0;
  #zeroBlocks = 0;
  #sink: ContentSink | undefined;
  /** What the sink of a file that has just ended still does. */
  #ending: Promise<void> | undefined;
  #extension: { typeFlag: string; size: number } | undefined;
  #sparseHeader: { header: TarHeader; pieces: [number, number][]; realSize: number } | undefined;
  #pax = new Map<string, string>();
  #longName: string | undefined;
  #longLink: string | undefined;

  constructor(onEntry: (entry: TarEntry) => ContentSink | undefined) {
    this.#onEntry = onEntry;
  }

  /** Content bytes that nobody asked for and that the caller may leave unread by `skip`. */
  get skippable(): number {
    return this.#state === 'padding' || (this.#state === 'content' && !this.#sink) ? this.#remaining : 0;
  }

  /** Whether the end-of-archive mark was read; what follows is padding. */
  get ended(): boolean {
    return this.#state === 'ended';
  }

  /** Passes over `length` bytes of the input, at most `skippable`. */
  skip(length: number): void {
    this.#position += length;
    this.#consumed(length);
  }

  /** Takes the next bytes; answers a promise where a sink has to be waited for before more may be pushed. */
  push(chunk: Buffer): Promise<void> | undefined {
    const at = this.#advance(chunk, 0);
    return this.#ending && this.#afterEnding(chunk, at);
  }

  async #afterEnding(chunk: Buffer, from: number): Promise<void> {
    for (let at = from; this.#ending; ) {
      await this.#ending;
      this.#ending = undefined;
      at = this.#advance(chunk, at);
    }
  }

  /** Goes through a chunk up to its end, or to the end of a file whose sink has to be waited for. */
  #advance(chunk: Buffer, from: number): number {
    let at = from;
    while (at < chunk.length && this.#state !== 'ended' && !this.#ending) {
      const wanted = this.#wantedBlock();
      if (wanted > 0) {
        const block = this.#gather(chunk, at, wanted);
        at = block.next;
        if (block.bytes) this.#block(block.bytes);
        continue;
      }
      const length = Math.min(this.#remaining, chunk.length - at);
      if (this.#state === 'content' && this.#sink && length > 0) this.#sink.write(chunk.subarray(at, at + length));
      at += length;
      this.#position += length;
      this.#consumed(length);
    }
    return at;
  }

  /** Says that the input is over; refuses one that ends inside a member. */
  end(): void {
    const isBetween =
      this.#state === 'header' && this.#pending.length === 0 && !this.#extension && this.#pax.size === 0;
    // Some writers leave out the padding of the last file along with the end mark; nothing of a file is missing then.
    if (this.#state === 'ended' || isBetween || this.#state === 'padding') return;
    throw new RootfsError('layer_truncated', 'the tar ends inside a member');
  }

  #wantedBlock(): number {
    if (this.#state === 'header' || this.#state === 'sparse') return blockSize;
    if (this.#state === 'extension') return this.#extension!.size + paddingOf(this.#extension!.size);
    return 0;
  }

  #gather(chunk: Buffer, at: number, wanted: number): { next: number; bytes?: Buffer } {
    const missing = wanted - this.#pending.length;
    const piece = chunk.subarray(at, at + missing);
    this.#position += piece.length;
    const next = at + piece.length;
    if (piece.length < missing) {
      this.#pending = Buffer.concat([this.#pending, piece]);
      return { next };
    }
    const bytes = this.#pending.length === 0 ? piece : Buffer.concat([this.#pending, piece]);
    this.#pending = Buffer.alloc(0);
    return { next, bytes };
  }

  #block(bytes: Buffer): void {
    if (this.#state === 'extension') this.#applyExtension(bytes);
    else if (this.#state === 'sparse') this.#sparseBlock(bytes);
    else this.#headerBlock(bytes);
  }

  #headerBlock(block: Buffer): void {
    const header = readHeader(block);
    if (!header) {
      this.#zeroBlocks++;
      if (this.#zeroBlocks === 2) this.#state = 'ended';
      return;
    }
    if (this.#zeroBlocks > 0) throw new RootfsError('layer_invalid', 'a tar member follows a single zero block');
    if ('xgLK'.includes(header.typeFlag)) {
      if (header.size > maxExtensionBytes)
        throw new RootfsError('name_too_long', 'an extended tar header is over 1 MiB');
      this.#extension = { typeFlag: header.typeFlag, size: header.size };
      if (header.size > 0) this.#state = 'extension';
      else this.#extension = undefined;
      return;
    }
    if (header.typeFlag === 'S') {
      const { pieces, more, realSize } = sparseFromBlock(block, 'header');
      this.#sparseHeader = { header, pieces, realSize };
      if (more) this.#state = 'sparse';
      else this.#finishSparse();
      return;
    }
    this.#member(header, sparseFromPax(this.#pax));
  }

  #applyExtension(bytes: Buffer): void {
    const { typeFlag, size } = this.#extension!;
    const data = bytes.subarray(0, size);
    this.#extension = undefined;
    this.#state = 'header';
    const text = () => decodeName(data.subarray(0, data.indexOf(0) === -1 ? size : data.indexOf(0)));
    if (typeFlag === 'x') this.#pax = readPax(data);
    else if (typeFlag === 'L') this.#longName = text();
    else if (typeFlag === 'K') this.#longLink = text();
    // A global header ('g') is read for its form only: Go's archive/tar, which runtimes unpack with, applies none of it.
    else readPax(data);
  }

  #sparseBlock(block: Buffer): void {
    const { pieces, more } = sparseFromBlock(block, 'extension');
    this.#sparseHeader!.pieces.push(...pieces);
    if (this.#sparseHeader!.pieces.length > 100_000) throw new RootfsError('layer_invalid', 'a sparse map is too long');
    if (!more) this.#finishSparse();
  }

  #finishSparse(): void {
    const { header, pieces, realSize } = this.#sparseHeader!;
    this.#sparseHeader = undefined;
    this.#member(header, { realSize, pieces });
  }

  #member(header: TarHeader, sparse: SparseMap | undefined): void {
    const path = paxName(this.#pax, 'GNU.sparse.name') ?? paxName(this.#pax, 'path') ?? this.#longName ?? header.name;
    const kind = kindOf(header.typeFlag, path);
    // Header-only kinds have no content whatever their size field says (Go's archive/tar reads them so).
    const hasContent = kind === 'file' || kind === 'other';
    const storedSize = hasContent ? (paxNumber(this.#pax, 'size') ?? header.size) : 0;
    const entry: TarEntry = {
      path,
      kind,
      linkTarget: paxName(this.#pax, 'linkpath') ?? this.#longLink ?? header.linkName,
      mode: header.mode & 0o7777,
      uid: paxOwner(this.#pax, 'uid') ?? header.uid,
      gid: paxOwner(this.#pax, 'gid') ?? header.gid,
      storedSize,
      size: sparse && kind === 'file' ? sparse.realSize : storedSize,
      deviceMajor: header.deviceMajor,
      deviceMinor: header.deviceMinor,
      ...(sparse && kind === 'file' ? { sparse } : {}),
      offset: this.#position,
    };
    this.#pax = new Map();
    this.#longName = undefined;
    this.#longLink = undefined;
    this.#sink = this.#onEntry(entry);
    this.#remaining = storedSize;
    this.#padding = paddingOf(storedSize);
    this.#state = 'content';
    this.#consumed(0);
  }

  #consumed(length: number): void {
    this.#remaining -= length;
    if (this.#remaining > 0) return;
    if (this.#state === 'content') {
      this.#ending = this.#sink?.end();
      this.#sink = undefined;
      this.#remaining = this.#padding;
      this.#state = this.#padding > 0 ? 'padding' : 'header';
    } else {
      this.#state = 'header';
    }
  }
}

function paddingOf(size: number): number {
  return (blockSize - (size % blockSize)) % blockSize;
}

import type { Bytes } from './verify.ts';

/**
 * Bytes of zstd in pieces that end where a frame ends, without the frames that decoders pass over (RFC 8878, 3.1).
 * Node's decoder takes what follows the end of a frame in one piece for garbage and drops it; zstd:chunked has a frame
 * for each file. What is not zstd passes as it is, for the decoder to refuse.
 */
export async function* zstdFrames(bytes: Bytes): AsyncGenerator<Buffer> {
  const walk = new FrameWalk();
  for await (const chunk of bytes) yield* walk.pieces(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length));
  yield* walk.rest();
}

/** Whether these are the first bytes of a frame, of either kind. */
export function isZstd(head: Buffer): boolean {
  return head.length >= 4 && (head.readUInt32LE(0) === frameMagic || isSkippable(head));
}

const frameMagic = 0xfd2fb528;

function isSkippable(head: Buffer): boolean {
  return head.readUInt32LE(0) >>> 4 === 0x184d2a5;
}

/** Parts of a frame in their order; `opaque` is all after something that is no frame. */
type Part = 'magic' | 'skip-size' | 'skip' | 'descriptor' | 'header' | 'block' | 'body' | 'checksum' | 'opaque';

/** Parts that are kept from the decoder, at least until it is known what they are. */
const held: ReadonlySet<Part> = new Set(['magic', 'skip-size', 'skip']);
/** Parts whose bytes say what comes next. */
const read: ReadonlySet<Part> = new Set(['magic', 'skip-size', 'descriptor', 'block']);

class FrameWalk {
  #part: Part = 'magic';
  /** Bytes that are missing of the part. */
  #left = 4;
  readonly #field = Buffer.alloc(4);
  #filled = 0;
  #hasChecksum = false;
  #isLastBlock = false;

  *pieces(chunk: Buffer): Generator<Buffer> {
    let from = 0;
    for (let at = 0; at < chunk.length && this.#part !== 'opaque'; ) {
      const part = this.#part;
      const length = Math.min(this.#left, chunk.length - at);
      if (read.has(part)) this.#filled += chunk.copy(this.#field, this.#filled, at, at + length);
      at += length;
      this.#left -= length;
      if (held.has(part)) from = at;
      if (this.#left > 0) continue;
      this.#next();
      if (part === 'magic' && !held.has(this.#part)) {
        if (length < 4) yield Buffer.from(this.#field);
        else from = at - 4;
      } else if (this.#part === 'magic' && !held.has(part)) {
        yield chunk.subarray(from, at);
        from = at;
      }
    }
    if (from < chunk.length) yield chunk.subarray(from);
  }

  /** What was held back for a frame that does not come. */
  *rest(): Generator<Buffer> {
    if (this.#part === 'magic' && this.#filled > 0) yield this.#field.subarray(0, this.#filled);
  }

  #next(): void {
    do this.#go();
    while (this.#left === 0 && this.#part !== 'opaque');
  }

  #go(): void {
    const field = this.#field;
    this.#filled = 0;
    switch (this.#part) {
      case 'magic':
        if (isSkippable(field)) return this.#expect('skip-size', 4);
        return field.readUInt32LE(0) === frameMagic ? this.#expect('descriptor', 1) : this.#expect('opaque', 0);
      case 'skip-size':
        return this.#expect('skip', field.readUInt32LE(0));
      case 'descriptor':
        this.#hasChecksum = (field[0]! & 4) !== 0;
        return this.#expect('header', headerLength(field[0]!));
      case 'header':
        return this.#expect('block', 3);
      case 'block':
        return this.#block(field.readUIntLE(0, 3));
      case 'body':
        if (!this.#isLastBlock) return this.#expect('block', 3);
        return this.#hasChecksum ? this.#expect('checksum', 4) : this.#expect('magic', 4);
      default:
        return this.#expect('magic', 4);
    }
  }

  #block(header: number): void {
    this.#isLastBlock = (header & 1) === 1;
    const type = (header >>> 1) & 3;
    if (type === 3) return this.#expect('opaque', 0);
    // A run of one byte stores that byte alone, whatever its length.
    this.#expect('body', type === 1 ? 1 : header >>> 3);
  }

  #expect(part: Part, length: number): void {
    this.#part = part;
    this.#left = length;
  }
}

/** Bytes of a frame header after its descriptor: window, dictionary and content size (RFC 8878, 3.1.1.1). */
function headerLength(descriptor: number): number {
  const isSingleSegment = (descriptor & 0x20) !== 0;
  const dictionary = [0, 1, 2, 4][descriptor & 3]!;
  const contentSize = [isSingleSegment ? 1 : 0, 2, 4, 8][descriptor >>> 6]!;
  return (isSingleSegment ? 0 : 1) + dictionary + contentSize;
}

import bitIterator from 'unbzip2-stream/lib/bit_iterator.js';
import bzip2 from 'unbzip2-stream/lib/bzip2.js';

// A block is at most 900,000 bytes before its run-length coding is undone; runs of 4 to 255 make that 51 times as much.
const maxBlockBytes = 900_000 * 52;
const headerBytes = 4;
// What a block of a level may take when compressed, with room to spare.
const blockRoom = (level: number) => 25_000 + 100_000 * level;

/** Undoes bzip2, a block at a time; the library's own stream keeps a block as a list of numbers, eight times as large. */
export async function* bunzip2(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const queue: Uint8Array[] = [];
  let known = 0;
  let state: { read: BitReader; level: number; crc: number | null } | undefined;
  for await (const chunk of chunks) {
    if (chunk.length === 0) continue;
    queue.push(chunk);
    known += chunk.length;
    state ??= { read: bitIterator(() => queue.shift() ?? truncated()), level: 0, crc: 0 };
    while (known - state.read.bytesRead + 1 >= (state.level === 0 ? headerBytes : blockRoom(state.level))) {
      const block = nextBlock(state);
      if (block) yield block;
    }
  }
  if (!state) return;
  while (known > state.read.bytesRead) {
    const block = nextBlock(state);
    if (block) yield block;
  }
  if (state.crc !== null) truncated();
}

interface BitReader {
  (bits: number | null): number;
  bytesRead: number;
}

function nextBlock(state: { read: BitReader; level: number; crc: number | null }): Uint8Array | undefined {
  if (state.level === 0) {
    state.level = bzip2.header(state.read);
    state.crc = 0;
    return undefined;
  }
  const size = 100_000 * state.level;
  const block = new Block(size);
  state.crc = bzip2.decompress(
    state.read,
    (byte: number) => block.push(byte),
    new Int32Array(size),
    size,
    state.crc ?? 0,
  );
  // The end of one stream; another may follow.
  if (state.crc === null) state.level = 0;
  return block.bytes;
}

class Block {
  #buffer: Uint8Array;
  #length = 0;

  constructor(size: number) {
    this.#buffer = new Uint8Array(size);
  }

  push(byte: number): void {
    if (this.#length === this.#buffer.length) this.#grow();
    this.#buffer[this.#length++] = byte;
  }

  get bytes(): Uint8Array | undefined {
    return this.#length === 0 ? undefined : this.#buffer.subarray(0, this.#length);
  }

  #grow(): void {
    if (this.#length >= maxBlockBytes) throw new Error('a block of bzip2 is too large');
    const larger = new Uint8Array(Math.min(this.#length * 2, maxBlockBytes));
    larger.set(this.#buffer);
    this.#buffer = larger;
  }
}

function truncated(): never {
  throw new Error('bzip2 ends early');
}

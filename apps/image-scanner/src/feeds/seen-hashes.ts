/** Bytes of a content hash. */
export const hashBytes = 16;

const words = hashBytes / 4;

/**
 * Which of the entries that a source held were met again. Open addressing in one typed array: 36 bytes per hash at
 * most times, where a Set of strings takes over a hundred.
 */
export class SeenHashes {
  #slots: Uint32Array;
  #states: Uint8Array;
  #size = 0;

  constructor(expected = 0) {
    const capacity = 2 ** Math.ceil(Math.log2(Math.max(1024, expected * 1.6)));
    this.#slots = new Uint32Array(capacity * words);
    this.#states = new Uint8Array(capacity);
  }

  /** Adds hashes that the source holds, one after the other. */
  hold(hashes: Uint8Array): void {
    for (let at = 0; at + hashBytes <= hashes.length; at += hashBytes) this.#put(wordsAt(hashes, at), held);
  }

  /** Notes that an entry was met; true when neither the source held it nor the feed before. */
  meet(hash: Uint8Array): boolean {
    return this.#put(wordsAt(hash, 0), met) === free;
  }

  /** The hashes that were held and not met. */
  gone(): Uint8Array<ArrayBuffer> {
    let count = 0;
    for (const state of this.#states) count += Number(state === held);
    const gone = new Uint32Array(count * words);
    let at = 0;
    for (const [slot, state] of this.#states.entries()) {
      if (state !== held) continue;
      gone.set(this.#slots.subarray(slot * words, (slot + 1) * words), at);
      at += words;
    }
    return new Uint8Array(gone.buffer);
  }

  /** Answers the state before. */
  #put(hash: Hash, state: State): State {
    if (this.#size * 1.5 >= this.#states.length) this.#grow();
    const mask = this.#states.length - 1;
    let slot = hash[0] & mask;
    while (this.#states[slot] !== free && !this.#isAt(slot, hash)) slot = (slot + 1) & mask;
    const before = this.#states[slot] as State;
    if (before === free) {
      this.#slots.set(hash, slot * words);
      this.#size++;
    }
    this.#states[slot] = Math.max(before, state);
    return before;
  }

  #isAt(slot: number, hash: Hash): boolean {
    const at = slot * words;
    const slots = this.#slots;
    return slots[at] === hash[0] && slots[at + 1] === hash[1] && slots[at + 2] === hash[2] && slots[at + 3] === hash[3];
  }

  #grow(): void {
    const [slots, states] = [this.#slots, this.#states];
    this.#slots = new Uint32Array(slots.length * 2);
    this.#states = new Uint8Array(states.length * 2);
    this.#size = 0;
    for (const [slot, state] of states.entries())
      if (state !== free)
        this.#put([...slots.subarray(slot * words, (slot + 1) * words)] as unknown as Hash, state as State);
  }
}

const free = 0;
const held = 1;
const met = 2;
type State = typeof free | typeof held | typeof met;
type Hash = readonly [number, number, number, number];

/** Host order both ways: what goes in comes out. */
function wordsAt(bytes: Uint8Array, at: number): Hash {
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, hashBytes);
  const word = (index: number) => view.getUint32(index * 4, isLittleEndian);
  return [word(0), word(1), word(2), word(3)];
}

const isLittleEndian = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1;

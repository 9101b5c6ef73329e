/** Told of each keyword found: its index, and the offset just behind it in the bytes of this call. */
export type Found = (keyword: number, end: number) => void;

/**
 * Finds many keywords at once in bytes that come in pieces: the automaton of Aho and Corasick (1975), as a table from
 * state and class of byte to state. Time is linear in the bytes, however hostile they are.
 */
export class KeywordSet {
  readonly #classes = new Uint8Array(256);
  readonly #width: number;
  /** State × class → state, both as offsets into this very table, so that a step is one load. */
  readonly #next: Int32Array;
  /** From this state on, states end keywords: they are numbered last. */
  readonly #firstEnd: number;
  readonly #ends: readonly (readonly number[])[];

  /** Keywords are bytes, or text in UTF-8; with `ignoreCase` letters of ASCII match in either case. */
  constructor(keywords: readonly (string | Uint8Array)[], options: { readonly ignoreCase?: boolean } = {}) {
    const ignoreCase = options.ignoreCase ?? false;
    const words = keywords.map((word) => folded(typeof word === 'string' ? Buffer.from(word) : word, ignoreCase));
    if (words.some((word) => word.length === 0)) throw new RangeError('a keyword must not be empty');
    this.#width = classify(words, this.#classes, ignoreCase);
    const trie = trieOf(words, this.#classes, this.#width);
    const automaton = automatonOf(trie, this.#width);
    const order = numbered(automaton.ends);
    this.#next = new Int32Array(automaton.next.length);
    for (const [state, number] of order.numberOf.entries())
      for (let each = 0; each < this.#width; each++)
        this.#next[number * this.#width + each] =
          order.numberOf[automaton.next[state * this.#width + each]!]! * this.#width;
    this.#firstEnd = order.firstEnd * this.#width;
    this.#ends = order.stateOf.slice(order.firstEnd).map((state) => automaton.ends[state]!);
    this.start = order.numberOf[0]! * this.#width;
  }

  /** The state before the first byte. */
  readonly start: number;

  /** Reads on from a state, tells what it finds, and answers the state for the next piece. */
  scan(bytes: Uint8Array, state: number, found: Found): number {
    const classes = this.#classes;
    const next = this.#next;
    const firstEnd = this.#firstEnd;
    let at = state;
    for (let i = 0; i < bytes.length; i++) {
      at = next[at + classes[bytes[i]!]!]!;
      if (at >= firstEnd) for (const keyword of this.#ends[(at - firstEnd) / this.#width]!) found(keyword, i + 1);
    }
    return at;
  }
}

/** Most bytes of all keywords together; more makes a table that no cache holds. */
const maxStates = 200_000;

function folded(word: Uint8Array, ignoreCase: boolean): Uint8Array {
  return ignoreCase ? word.map((byte) => (byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte)) : word;
}

/** Gives each byte that stands in a keyword a class of its own, and all others class 0; answers how many there are. */
function classify(words: readonly Uint8Array[], classes: Uint8Array, ignoreCase: boolean): number {
  const used = new Set(words.flatMap((word) => [...word]));
  // With all 256 in use none is left for "others", and none is needed.
  let width = used.size === 256 ? 0 : 1;
  for (const byte of [...used].sort((a, b) => a - b)) classes[byte] = width++;
  if (ignoreCase) for (let upper = 0x41; upper <= 0x5a; upper++) classes[upper] = classes[upper | 0x20]!;
  return width;
}

interface Trie {
  /** Child of a state by class; 0 where there is none. */
  readonly children: Int32Array;
  readonly states: number;
  readonly ends: number[][];
}

function trieOf(words: readonly Uint8Array[], classes: Uint8Array, width: number): Trie {
  const most = words.reduce((sum, word) => sum + word.length, 1);
  if (most > maxStates) throw new RangeError(`the keywords have over ${maxStates} bytes`);
  const children = new Int32Array(most * width);
  const ends: number[][] = [[]];
  for (const [index, word] of words.entries()) {
    let state = 0;
    for (const byte of word) {
      const slot = state * width + classes[byte]!;
      if (children[slot] === 0) {
        children[slot] = ends.length;
        ends.push([]);
      }
      state = children[slot]!;
    }
    ends[state]!.push(index);
  }
  return { children, states: ends.length, ends };
}

/** Fills in where each state goes when its trie has no child: breadth first, along the longest suffix that has one. */
function automatonOf({ children, states, ends }: Trie, width: number) {
  const next = children.slice(0, states * width);
  const suffix = new Int32Array(states);
  const queue: number[] = [];
  for (let each = 0; each < width; each++) if (next[each]) queue.push(next[each]!);
  for (let head = 0; head < queue.length; head++) {
    const state = queue[head]!;
    ends[state]!.push(...ends[suffix[state]!]!);
    for (let each = 0; each < width; each++) {
      const child = next[state * width + each]!;
      const other = next[suffix[state]! * width + each]!;
      if (child === 0) next[state * width + each] = other;
      else {
        suffix[child] = other;
        queue.push(child);
      }
    }
  }
  return { next, ends };
}

/** Numbers states so that those which end keywords come last. */
function numbered(ends: readonly (readonly number[])[]) {
  const stateOf = [...ends.keys()].sort((a, b) => Number(ends[a]!.length > 0) - Number(ends[b]!.length > 0) || a - b);
  const numberOf = new Int32Array(stateOf.length);
  for (const [number, state] of stateOf.entries()) numberOf[state] = number;
  const firstEnd = stateOf.findIndex((state) => ends[state]!.length > 0);
  return { stateOf, numberOf, firstEnd: firstEnd === -1 ? stateOf.length : firstEnd };
}

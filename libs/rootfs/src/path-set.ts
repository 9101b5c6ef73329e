import { hash } from 'node:crypto';

/**
 * A set of paths kept as sorted 48-bit hashes: a layer of a million files costs 8 MB instead of 100.
 * A false "has" needs two paths of one image to share 48 bits of SHA-1; it would drop one collected file.
 */
export class PathSet {
  readonly #hashes: Float64Array;

  constructor(hashes: Float64Array) {
    this.#hashes = hashes.sort();
  }

  static of(paths: Iterable<string>): PathSet {
    return new PathSet(Float64Array.from(paths, pathHash));
  }

  get size(): number {
    return this.#hashes.length;
  }

  /** The hashes, for storing the set. */
  get hashes(): Float64Array {
    return this.#hashes;
  }

  has(path: string): boolean {
    return this.hasHash(pathHash(path));
  }

  /** `has` for a caller that asks many sets about the same path. */
  hasHash(wanted: number): boolean {
    let low = 0;
    let high = this.#hashes.length - 1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      const found = this.#hashes[middle]!;
      if (found === wanted) return true;
      if (found < wanted) low = middle + 1;
      else high = middle - 1;
    }
    return false;
  }
}

/** The first 48 bits of a path's SHA-1. */
export function pathHash(path: string): number {
  return Number.parseInt(hash('sha1', path, 'hex').slice(0, 12), 16);
}

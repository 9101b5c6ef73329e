import {
  buildInfoMagic,
  headerSize,
  inlineBuildInfo,
  isInline,
  maxModuleBytes,
  maxVersionBytes,
  type RawBuildInfo,
} from './build-info.ts';

/** Magic numbers that are tried in one file: a program that reads build information has the magic in its text, too. */
const maxTries = 64;
const windowSize = headerSize + maxVersionBytes + maxModuleBytes;

/** Finds inline build information (Go 1.18 and later) in a file that goes by in chunks, for what is too large to hold. */
export class BuildInfoScan {
  /** Bytes from the last magic on, or the end of the last chunk in which one may begin. */
  #kept: Buffer = Buffer.alloc(0);
  #keptAt = 0;
  #isGathering = false;
  #tries = 0;
  found: RawBuildInfo | undefined;

  write(chunk: Buffer): void {
    if (this.found || this.#tries >= maxTries) return;
    this.#kept = this.#kept.length > 0 ? Buffer.concat([this.#kept, chunk]) : chunk;
    this.#search(false);
    const tail = this.#isGathering ? this.#kept.length : buildInfoMagic.length + 15;
    this.#drop(Math.max(0, this.#kept.length - tail));
    // The chunk is the caller's.
    this.#kept = Buffer.from(this.#kept);
  }

  end(): RawBuildInfo | undefined {
    this.#search(true);
    return this.found;
  }

  #search(isLast: boolean): void {
    while (!this.found && this.#tries < maxTries) {
      const at = this.#kept.indexOf(buildInfoMagic);
      this.#isGathering = at !== -1;
      if (at === -1) return;
      this.#drop(at);
      const isPossible = this.#keptAt % 16 === 0 && (this.#kept.length < 16 || isInline(this.#kept));
      const info = isPossible ? inlineBuildInfo(this.#kept) : undefined;
      if (info) this.found = info;
      // The strings may be cut off where the chunk ends.
      else if (isPossible && !isLast && this.#kept.length < windowSize) return;
      this.#tries++;
      this.#drop(buildInfoMagic.length);
      this.#isGathering = false;
    }
  }

  #drop(length: number): void {
    this.#kept = this.#kept.subarray(length);
    this.#keptAt += length;
  }
}

/** Numbers of a binary file at any offset; what lies outside of the file reads as 0, so that no offset in it is trusted. */
export class Fields {
  readonly bytes: Buffer;
  readonly isLittleEndian: boolean;

  constructor(bytes: Buffer, isLittleEndian: boolean) {
    this.bytes = bytes;
    this.isLittleEndian = isLittleEndian;
  }

  u16(at: number): number {
    if (!this.#has(at, 2)) return 0;
    return this.isLittleEndian ? this.bytes.readUInt16LE(at) : this.bytes.readUInt16BE(at);
  }

  u32(at: number): number {
    if (!this.#has(at, 4)) return 0;
    return this.isLittleEndian ? this.bytes.readUInt32LE(at) : this.bytes.readUInt32BE(at);
  }

  /** Above 2⁵³ the nearest double: such a number is beyond every file and address that is looked up. */
  u64(at: number): number {
    const [low, high] = this.isLittleEndian ? [at, at + 4] : [at + 4, at];
    return this.u32(high) * 2 ** 32 + this.u32(low);
  }

  word(at: number, size: 4 | 8): number {
    return size === 8 ? this.u64(at) : this.u32(at);
  }

  /** Text up to a NUL, at most `max` bytes. */
  text(at: number, max: number): string {
    if (!this.#has(at, 1)) return '';
    const piece = this.bytes.subarray(at, at + max);
    const end = piece.indexOf(0);
    return piece.toString('latin1', 0, end === -1 ? piece.length : end);
  }

  #has(at: number, size: number): boolean {
    return Number.isSafeInteger(at) && at >= 0 && at + size <= this.bytes.length;
  }
}

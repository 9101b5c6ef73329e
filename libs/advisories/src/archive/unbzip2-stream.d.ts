declare module 'unbzip2-stream/lib/bit_iterator.js' {
  interface BitReader {
    (bits: number | null): number;
    bytesRead: number;
  }
  function bitIterator(next: () => Uint8Array): BitReader;
  export = bitIterator;
}

declare module 'unbzip2-stream/lib/bzip2.js' {
  const bzip2: {
    header(read: (bits: number | null) => number): number;
    /** The stream's checksum so far; null at its end. */
    decompress(
      read: (bits: number | null) => number,
      push: (byte: number) => void,
      work: Int32Array,
      size: number,
      crc: number,
    ): number | null;
  };
  export = bzip2;
}

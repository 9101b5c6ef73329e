import { madeElf } from './made-elf.ts';

/** What `go version -m` prints of a program, as the linker frames it. */
export function framed(text: string): Buffer {
  const mark = (digits: string) => Buffer.from(digits, 'hex');
  return Buffer.concat([
    mark('3077af0c9274080241e1c107e6d618e6'),
    Buffer.from(text),
    mark('f932433186182072008242104116d8f2'),
  ]);
}

/** The section `.go.buildinfo` as Go writes it since 1.18. */
export function inlineSection(goVersion: string, modules: string): Buffer {
  const header = Buffer.alloc(32);
  header.write('\xff Go buildinf:', 0, 'latin1');
  header[14] = 8;
  header[15] = 2;
  const text = framed(modules);
  return Buffer.concat([header, varint(goVersion.length), Buffer.from(goVersion), varint(text.length), text]);
}

/** A Go program since 1.18. */
export function goProgram(goVersion: string, modules: string, options: { hasSectionTable?: boolean } = {}): Buffer {
  const content = inlineSection(goVersion, modules);
  return madeElf([{ name: '.go.buildinfo', content, address: 0x400000, isWritable: true }], options);
}

/** A Go program before 1.18, whose header points to strings elsewhere. */
export function oldGoProgram(goVersion: string, modules: string, shape: { is64: boolean; isLittleEndian: boolean }) {
  const word = shape.is64 ? 8 : 4;
  const text = framed(modules);
  const textAt = 0x10000;
  const headersAt = 0x40000;
  const header = Buffer.alloc(32);
  header.write('\xff Go buildinf:', 0, 'latin1');
  header[14] = word;
  header[15] = shape.isLittleEndian ? 0 : 1;
  const numbers = (...values: number[]) =>
    Buffer.concat(
      values.map((value) => {
        const bytes = Buffer.alloc(8);
        bytes.writeBigUInt64LE(BigInt(value));
        const little = Buffer.from(bytes.subarray(0, word));
        return shape.isLittleEndian ? little : little.reverse();
      }),
    );
  numbers(headersAt, headersAt + 2 * word).copy(header, 16);
  const strings = numbers(textAt, goVersion.length, textAt + goVersion.length, text.length);
  return madeElf(
    [
      { name: '.rodata', content: Buffer.concat([Buffer.from(goVersion), text]), address: textAt },
      { name: '.data', content: strings, address: headersAt, isWritable: true },
      { name: '.go.buildinfo', content: header, address: 0x50000, isWritable: true },
    ],
    shape,
  );
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  for (let rest = value; ; rest >>>= 7) {
    if (rest < 0x80) return Buffer.from([...bytes, rest]);
    bytes.push((rest & 0x7f) | 0x80);
  }
}

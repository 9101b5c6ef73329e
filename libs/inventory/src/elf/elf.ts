import type { Executable, Region } from './executable.ts';
import { Fields } from './fields.ts';
import { regionIn } from './region.ts';

/** More headers than linkers write; a file that names more is read up to here. */
const maxSections = 8192;
const maxSegments = 512;
const maxNameBytes = 128;

const noBits = 8;
const loadable = 1;
const writeFlag = { section: 1, segment: 2 };

/** Reads the headers of an ELF file of either class and byte order (System V gABI, chapters 4 and 5). */
export function readElf(bytes: Buffer): Executable | undefined {
  const wordSize = bytes[4] === 2 ? 8 : bytes[4] === 1 ? 4 : undefined;
  const isLittleEndian = bytes[5] === 1;
  if (wordSize === undefined || (!isLittleEndian && bytes[5] !== 2)) return undefined;
  const fields = new Fields(bytes, isLittleEndian);
  return {
    format: 'elf',
    bytes,
    isLittleEndian,
    sections: sectionsOf(fields, wordSize),
    segments: segmentsOf(fields, wordSize),
  };
}

function segmentsOf(fields: Fields, wordSize: 4 | 8): Region[] {
  const is64 = wordSize === 8;
  const start = fields.word(is64 ? 32 : 28, wordSize);
  const step = fields.u16(is64 ? 54 : 42);
  const count = Math.min(fields.u16(is64 ? 56 : 44), maxSegments);
  if (step < (is64 ? 56 : 32)) return [];
  const segments: Region[] = [];
  for (let index = 0; index < count; index++) {
    const at = start + index * step;
    if (fields.u32(at) !== loadable) continue;
    segments.push(
      regionIn(fields.bytes, {
        name: '',
        offset: fields.word(at + (is64 ? 8 : 4), wordSize),
        address: fields.word(at + (is64 ? 16 : 8), wordSize),
        size: fields.word(at + (is64 ? 32 : 16), wordSize),
        isWritable: (fields.u32(at + (is64 ? 4 : 24)) & writeFlag.segment) !== 0,
      }),
    );
  }
  return segments;
}

function sectionsOf(fields: Fields, wordSize: 4 | 8): Region[] {
  const is64 = wordSize === 8;
  const start = fields.word(is64 ? 40 : 32, wordSize);
  const step = fields.u16(is64 ? 58 : 46);
  if (start === 0 || step < (is64 ? 64 : 40)) return [];
  const sizeAt = is64 ? 32 : 20;
  // Numbers that do not fit in 16 bits are in the first section header, which is otherwise empty.
  const count = Math.min(fields.u16(is64 ? 60 : 48) || fields.word(start + sizeAt, wordSize), maxSections);
  const namesIndex = fields.u16(is64 ? 62 : 50);
  const namesAt = start + (namesIndex === 0xffff ? fields.u32(start + (is64 ? 40 : 24)) : namesIndex) * step;
  const names = fields.word(namesAt + (is64 ? 24 : 16), wordSize);
  const sections: Region[] = [];
  for (let index = 0; index < count; index++) {
    const at = start + index * step;
    if (at >= fields.bytes.length) break;
    const hasContent = fields.u32(at + 4) !== noBits;
    sections.push(
      regionIn(fields.bytes, {
        name: fields.text(names + fields.u32(at), maxNameBytes),
        address: fields.word(at + (is64 ? 16 : 12), wordSize),
        offset: fields.word(at + (is64 ? 24 : 16), wordSize),
        size: hasContent ? fields.word(at + sizeAt, wordSize) : 0,
        isWritable: (fields.word(at + 8, wordSize) & writeFlag.section) !== 0,
      }),
    );
  }
  return sections;
}

import type { Executable, Region } from './executable.ts';
import { Fields } from './fields.ts';
import { regionIn } from './region.ts';

/** More than any linker writes; a file that names more is read up to here. */
const maxCommands = 512;
const maxSections = 1024;
const writable = 2;

/** Reads the segments and sections of a Mach-O file (Apple, `mach-o/loader.h`). */
export function readMachO(bytes: Buffer): Executable | undefined {
  const isLittleEndian = bytes[0] !== 0xfe;
  const fields = new Fields(bytes, isLittleEndian);
  const is64 = fields.u32(0) === 0xfeedfacf;
  const count = Math.min(fields.u32(16), maxCommands);
  const sections: Region[] = [];
  const segments: Region[] = [];
  let at = is64 ? 32 : 28;
  for (let index = 0; index < count; index++) {
    const length = fields.u32(at + 4);
    if (length < 8) break;
    if (fields.u32(at) === (is64 ? 0x19 : 0x1)) {
      segments.push(segmentAt(fields, at, is64 ? 8 : 4));
      sections.push(...sectionsAt(fields, at, is64 ? 8 : 4, maxSections - sections.length));
    }
    at += length;
  }
  return { format: 'mach-o', bytes, isLittleEndian, sections, segments };
}

/** The first architecture of a universal file. */
export function readFatMachO(bytes: Buffer): Executable | undefined {
  const fields = new Fields(bytes, false);
  const is64 = fields.u32(0) === 0xcafebabf;
  const offset = is64 ? fields.u64(16) : fields.u32(16);
  const size = is64 ? fields.u64(24) : fields.u32(20);
  if (offset >= bytes.length) return undefined;
  const slice = bytes.subarray(offset, offset + size);
  const isMachO =
    slice.length >= 32 && [0xfeedface, 0xfeedfacf, 0xcefaedfe, 0xcffaedfe].includes(slice.readUInt32BE(0));
  return isMachO ? readMachO(slice) : undefined;
}

function segmentAt(fields: Fields, at: number, wordSize: 4 | 8): Region {
  const is64 = wordSize === 8;
  return regionIn(fields.bytes, {
    name: fields.text(at + 8, 16),
    address: fields.word(at + 24, wordSize),
    offset: fields.word(at + (is64 ? 40 : 32), wordSize),
    size: fields.word(at + (is64 ? 48 : 36), wordSize),
    isWritable: (fields.u32(at + (is64 ? 60 : 44)) & writable) !== 0,
  });
}

function sectionsAt(fields: Fields, at: number, wordSize: 4 | 8, most: number): Region[] {
  const is64 = wordSize === 8;
  const count = Math.min(fields.u32(at + (is64 ? 64 : 48)), most);
  return Array.from({ length: count }, (_, index) => {
    const section = at + (is64 ? 72 : 56) + index * (is64 ? 80 : 68);
    return regionIn(fields.bytes, {
      name: fields.text(section, 16),
      address: fields.word(section + 32, wordSize),
      offset: fields.u32(section + (is64 ? 48 : 40)),
      size: fields.word(section + (is64 ? 40 : 36), wordSize),
      isWritable: false,
    });
  });
}

import { readElf } from './elf.ts';
import { readFatMachO, readMachO } from './mach-o.ts';
import { readPe } from './pe.ts';

/** A section or segment: where in the file its bytes are, and where they are in memory. */
export interface Region {
  /** Of a section, `.text`; empty for segments of ELF. */
  readonly name: string;
  readonly address: number;
  readonly offset: number;
  /** Bytes in the file, inside of it. */
  readonly size: number;
  readonly isWritable: boolean;
}

/** What of a program or library file is needed to find data in it. */
export interface Executable {
  readonly format: 'elf' | 'pe' | 'mach-o';
  readonly bytes: Buffer;
  readonly isLittleEndian: boolean;
  readonly sections: readonly Region[];
  /** What is loaded into memory. */
  readonly segments: readonly Region[];
}

/** Reads the headers of an ELF, PE or Mach-O file; undefined for any other. Never throws. */
export function readExecutable(bytes: Buffer): Executable | undefined {
  switch (formatOf(bytes)) {
    case 'elf':
      return readElf(bytes);
    case 'pe':
      return readPe(bytes);
    case 'mach-o':
      return readMachO(bytes);
    case 'fat-mach-o':
      return readFatMachO(bytes);
    default:
      return undefined;
  }
}

/** What the first bytes say; `MZ` alone is enough for PE, and a fat Mach-O begins as a Java class does. */
export function formatOf(head: Buffer): 'elf' | 'pe' | 'mach-o' | 'fat-mach-o' | undefined {
  if (head.length < 16) return undefined;
  const magic = head.readUInt32BE(0);
  if (magic === 0x7f454c46) return 'elf';
  if (magic >>> 16 === 0x4d5a) return 'pe';
  if (magic === 0xfeedface || magic === 0xfeedfacf || magic === 0xcefaedfe || magic === 0xcffaedfe) return 'mach-o';
  // A class file has its version here, which is 45 or more; a fat file the number of its architectures.
  if ((magic === 0xcafebabe || magic === 0xcafebabf) && head.readUInt32BE(4) < 40) return 'fat-mach-o';
  return undefined;
}

/** The bytes of a section; undefined when there is none of this name with content. */
export function sectionOf({ bytes, sections }: Executable, name: string): Buffer | undefined {
  const section = sections.find((one) => one.name === name && one.size > 0);
  return section && bytes.subarray(section.offset, section.offset + section.size);
}

/** The bytes from an address in memory to the end of the segment that holds it. */
export function bytesFrom({ bytes, segments }: Executable, address: number): Buffer | undefined {
  const holder = segments.find((one) => address >= one.address && address < one.address + one.size);
  return holder && bytes.subarray(holder.offset + (address - holder.address), holder.offset + holder.size);
}

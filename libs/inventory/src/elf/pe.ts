import type { Executable, Region } from './executable.ts';
import { Fields } from './fields.ts';
import { regionIn } from './region.ts';

/** The loader of Windows takes 96 sections at most. */
const maxSections = 96;
const sectionSize = 40;
const writeFlag = 0x8000_0000;

/** Reads the section table of a PE file (Microsoft PE format, "COFF File Header", "Section Table"). */
export function readPe(bytes: Buffer): Executable | undefined {
  const fields = new Fields(bytes, true);
  const header = fields.u32(0x3c);
  if (fields.text(header, 4) !== 'PE') return undefined;
  const optional = header + 24;
  const is64 = fields.u16(optional) === 0x20b;
  const imageBase = is64 ? fields.u64(optional + 24) : fields.u32(optional + 28);
  const table = optional + fields.u16(header + 20);
  const count = Math.min(fields.u16(header + 6), maxSections);
  const sections: Region[] = [];
  for (let index = 0; index < count; index++) {
    const at = table + index * sectionSize;
    sections.push(
      regionIn(bytes, {
        name: fields.text(at, 8),
        address: imageBase + fields.u32(at + 12),
        offset: fields.u32(at + 20),
        size: fields.u32(at + 16),
        isWritable: (fields.u32(at + 36) & writeFlag) !== 0,
      }),
    );
  }
  return { format: 'pe', bytes, isLittleEndian: true, sections, segments: sections };
}

/** A section to be in a made ELF file; with an address it is loaded, too. */
export interface MadeSection {
  readonly name: string;
  readonly content: Buffer;
  readonly address?: number;
  readonly isWritable?: boolean;
}

/** An ELF file with these sections, and a segment for each that is loaded: as much of one as its readers look at. */
export function madeElf(
  sections: readonly MadeSection[],
  { is64 = true, isLittleEndian = true, hasSectionTable = true } = {},
): Buffer {
  const word = is64 ? 8 : 4;
  const headerSize = is64 ? 64 : 52;
  const programSize = is64 ? 56 : 32;
  const sectionSize = is64 ? 64 : 40;
  const loaded = sections.filter(({ address }) => address !== undefined);
  const names = Buffer.from(`\0${[...sections.map(({ name }) => name), '.shstrtab'].join('\0')}\0`);
  const all = [...sections, { name: '.shstrtab', content: names }];
  const offsets = new Map<string, number>();
  let end = Math.ceil((headerSize + loaded.length * programSize) / 16) * 16;
  for (const { name, content } of all) {
    offsets.set(name, end);
    end = Math.ceil((end + content.length) / 16) * 16;
  }
  const file = Buffer.alloc(end + (hasSectionTable ? (all.length + 1) * sectionSize : 0));
  const put = (value: number, at: number, size: number) => {
    const bytes = Buffer.alloc(8);
    bytes.writeBigUInt64LE(BigInt(value));
    const little = bytes.subarray(0, size);
    (isLittleEndian ? little : Buffer.from(little).reverse()).copy(file, at);
  };
  file.write('\x7fELF', 0, 'latin1');
  file[4] = is64 ? 2 : 1;
  file[5] = isLittleEndian ? 1 : 2;
  put(headerSize, is64 ? 32 : 28, word);
  put(hasSectionTable ? end : 0, is64 ? 40 : 32, word);
  put(programSize, is64 ? 54 : 42, 2);
  put(loaded.length, is64 ? 56 : 44, 2);
  put(sectionSize, is64 ? 58 : 46, 2);
  put(hasSectionTable ? all.length + 1 : 0, is64 ? 60 : 48, 2);
  put(hasSectionTable ? all.length : 0, is64 ? 62 : 50, 2);
  loaded.forEach(({ name, content, address, isWritable }, index) => {
    const at = headerSize + index * programSize;
    put(1, at, 4);
    put(isWritable ? 6 : 4, at + (is64 ? 4 : 24), 4);
    put(offsets.get(name)!, at + (is64 ? 8 : 4), word);
    put(address!, at + (is64 ? 16 : 8), word);
    put(content.length, at + (is64 ? 32 : 16), word);
  });
  for (const [index, { name, content, ...section }] of all.entries()) {
    content.copy(file, offsets.get(name)!);
    if (!hasSectionTable) continue;
    const at = end + (index + 1) * sectionSize;
    put(names.indexOf(`\0${name}\0`) + 1, at, 4);
    put(1, at + 4, 4);
    put((section as MadeSection).isWritable ? 3 : 2, at + 8, word);
    put((section as MadeSection).address ?? 0, at + (is64 ? 16 : 12), word);
    put(offsets.get(name)!, at + (is64 ? 24 : 16), word);
    put(content.length, at + (is64 ? 32 : 20), word);
  }
  return file;
}

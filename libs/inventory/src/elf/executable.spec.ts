import { describe, expect, it } from '@jest/globals';
import { madeElf } from '../../test/made-elf.ts';
import { bytesFrom, readExecutable, sectionOf } from './executable.ts';

const shapes = [
  { is64: true, isLittleEndian: true },
  { is64: true, isLittleEndian: false },
  { is64: false, isLittleEndian: true },
  { is64: false, isLittleEndian: false },
];
const data = { name: '.data', content: Buffer.from('some data'), address: 0x4000, isWritable: true };

describe('readExecutable', () => {
  it.each(shapes)('finds sections and addresses of ELF (%o)', (shape) => {
    const file = readExecutable(madeElf([{ name: '.text', content: Buffer.from('code') }, data], shape))!;
    expect(sectionOf(file, '.text')?.toString()).toBe('code');
    expect(bytesFrom(file, 0x4005)?.toString()).toBe('data');
    expect(bytesFrom(file, 0x4009)).toBeUndefined();
    expect(file.segments.map(({ isWritable }) => isWritable)).toEqual([true]);
  });

  it('reads addresses where the section table was stripped', () => {
    const file = readExecutable(madeElf([data], { hasSectionTable: false }))!;
    expect(file.sections).toEqual([]);
    expect(bytesFrom(file, 0x4000)?.toString()).toBe('some data');
  });

  it('takes nothing from beyond the file', () => {
    const bytes = madeElf([data]);
    // The size of the section in its header, far over that of the file.
    const table = Number(bytes.readBigUInt64LE(40));
    bytes.writeBigUInt64LE(2n ** 62n, table + 64 + 32);
    bytes.writeBigUInt64LE(2n ** 63n, table + 128 + 24);
    const file = readExecutable(bytes)!;
    for (const { offset, size } of file.sections) expect(offset + size).toBeLessThanOrEqual(bytes.length);
  });

  it('bounds the number of sections that a file claims', () => {
    const bytes = madeElf([data]);
    bytes.writeUInt16LE(0, 60);
    bytes.writeBigUInt64LE(2n ** 40n, Number(bytes.readBigUInt64LE(40)) + 32);
    expect(readExecutable(bytes)!.sections.length).toBeLessThanOrEqual(8192);
  });

  it('knows nothing of other files', () => {
    expect(readExecutable(Buffer.from('#!/bin/sh\necho a script\n'))).toBeUndefined();
    expect(readExecutable(Buffer.from('\x7fELF', 'latin1'))).toBeUndefined();
    // A Java class begins as a universal Mach-O does.
    expect(readExecutable(Buffer.from('cafebabe00000034000000000000000000000000', 'hex'))).toBeUndefined();
  });
});

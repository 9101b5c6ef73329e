import { deflateSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import { madeElf } from '../../test/made-elf.ts';
import { auditableCrates } from './auditable.ts';

const program = (content: Buffer) =>
  madeElf([
    { name: '.text', content: Buffer.from('x') },
    { name: '.dep-v0', content },
  ]);
const packed = (value: unknown) => deflateSync(JSON.stringify(value));

describe('auditableCrates', () => {
  it('names the crates in a program, but not those that only built it', () => {
    const packages = [
      { name: 'adler', version: '0.2.3', source: 'crates.io' },
      { name: 'cc', version: '1.0.0', source: 'crates.io', kind: 'build' },
      { name: 'mine', version: '0.1.0', source: 'local', root: true },
      { name: 'forked', version: '2.0.0+x', source: 'git', kind: 'runtime' },
    ];
    expect(auditableCrates(program(packed({ packages })))).toEqual([
      { name: 'adler', version: '0.2.3' },
      { name: 'mine', version: '0.1.0', isUnjudged: true },
      { name: 'forked', version: '2.0.0+x', isUnjudged: true },
    ]);
  });

  it('is undefined without a section that can be read', () => {
    expect(auditableCrates(program(Buffer.from('no zlib')))).toBeUndefined();
    expect(auditableCrates(program(packed('text')))).toBeUndefined();
    expect(auditableCrates(madeElf([]))).toBeUndefined();
  });

  it('refuses what unpacks without end', () => {
    expect(auditableCrates(program(deflateSync(Buffer.alloc(64 * 1024 * 1024))))).toBeUndefined();
  });

  it('leaves out what is no crate', () => {
    const packages = [null, 3, {}, { name: '../x', version: '1.0.0' }, { name: 'a', version: 'latest' }];
    expect(auditableCrates(program(packed({ packages })))).toEqual([]);
  });
});

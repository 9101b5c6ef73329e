import { deflateSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import { strToU8, zipSync } from 'fflate';
import { readExecutable, sectionOf } from '../src/elf/executable.ts';
import { BuildInfoScan } from '../src/go/build-info-scan.ts';
import { packagesOfGoProgram } from '../src/go/go.ts';
import { packagesOfJavaArchive } from '../src/java/java-archive.ts';
import { parseManifest } from '../src/java/manifest.ts';
import { parsePom, parsePomProperties } from '../src/java/pom.ts';
import { parseComponents, parseSpdx } from '../src/programs/bitnami.ts';
import { programs, programsIn } from '../src/programs/programs.ts';
import { auditableCrates } from '../src/rust/auditable.ts';
import { madeElf } from './made-elf.ts';
import { goProgram, oldGoProgram } from './made-go.ts';

const rounds = 400;
/** Of one round; the files here have some kilobytes, which take less than a millisecond. */
const maxRoundMs = 500;

const modules = 'path\tx.org/y\nmod\tx.org/y\tv1.0.0\ndep\ta.org/b\tv1.2.3\th1:=\nbuild\t-ldflags="-X main.v=1"\n';
const jar = (files: Record<string, string | Uint8Array>) =>
  Buffer.from(
    zipSync(
      Object.fromEntries(
        Object.entries(files).map(([name, one]) => [name, typeof one === 'string' ? strToU8(one) : one]),
      ),
    ),
  );
const library = jar({
  'META-INF/MANIFEST.MF': 'Manifest-Version: 1.0\r\nBundle-SymbolicName: org.example.lib\r\n\r\n',
  'META-INF/maven/org.example/lib/pom.properties': 'groupId=org.example\nartifactId=lib\nversion=1.0\n',
});
const pom = '<project><parent><groupId>g</groupId><version>1</version></parent><artifactId>a</artifactId></project>';
const crates = deflateSync(JSON.stringify({ packages: [{ name: 'a', version: '1.0.0', source: 'crates.io' }] }));

const seeds: readonly { name: string; seed: Buffer; read: (bytes: Buffer) => unknown }[] = [
  { name: 'a Go program', seed: goProgram('go1.22.1', modules), read: packagesOfGoProgram },
  {
    name: 'an old Go program',
    seed: oldGoProgram('go1.17', modules, { is64: false, isLittleEndian: false }),
    read: packagesOfGoProgram,
  },
  { name: 'a Go program in a stream', seed: goProgram('go1.22.1', modules), read: streamed },
  { name: 'a Rust program', seed: madeElf([{ name: '.dep-v0', content: crates }]), read: auditableCrates },
  { name: 'a PE file', seed: pe(), read: (bytes) => sectionOf(readExecutable(bytes) ?? none, '.data') },
  { name: 'a Mach-O file', seed: machO(), read: (bytes) => sectionOf(readExecutable(bytes) ?? none, '__data') },
  {
    name: 'a jar',
    seed: jar({ 'a-1.0.jar': library, 'b/pom.xml': pom }),
    read: (bytes) => packagesOfJavaArchive(bytes, 'x.jar'),
  },
  { name: 'a manifest', seed: Buffer.from('A: b\r\n c\r\nD: e\r\n\r\n'), read: parseManifest },
  { name: 'pom.properties', seed: Buffer.from('groupId=a\nartifactId=b\nversion=1'), read: parsePomProperties },
  { name: 'pom.xml', seed: Buffer.from(pom), read: parsePom },
  {
    name: 'an SPDX document',
    seed: Buffer.from('{"packages":[{"name":"a","externalRefs":[{}]}]}'),
    read: (bytes) => parseSpdx(bytes, 'x'),
  },
  {
    name: 'a list of components',
    seed: Buffer.from('{"redis":{"version":"1.0.0-0"}}'),
    read: (bytes) => parseComponents(bytes, 'x'),
  },
  {
    name: 'a program',
    seed: Buffer.from('\0node.js/v18.0.0\0curl/7.1.1\0BusyBox v1.35.0\0', 'latin1'),
    read: asEveryProgram,
  },
];

const none = { format: 'elf', bytes: Buffer.alloc(0), isLittleEndian: true, sections: [], segments: [] } as const;

describe('readers of programs and archives', () => {
  it.each(seeds)('never throw and end in time: $name', ({ seed, read }) => {
    const random = numbers(20_261_123);
    for (let round = 0; round < rounds; round++) {
      const bytes = changed(seed, random);
      const start = performance.now();
      read(bytes);
      expect(performance.now() - start).toBeLessThan(maxRoundMs);
    }
  });

  it.each(seeds)('take their seed: $name', ({ seed, read }) => {
    expect(read(seed)).toBeTruthy();
  });
});

/** Some bytes, numbers or pieces of the seed are others. */
function changed(seed: Buffer, random: () => number): Buffer {
  let bytes = Buffer.from(seed);
  const at = () => Math.floor(random() * bytes.length);
  for (let times = Math.floor(random() * 8); times >= 0; times--) {
    const kind = Math.floor(random() * 5);
    if (kind === 0) bytes[at()] = Math.floor(random() * 256);
    else if (kind === 1) bytes.fill(random() < 0.5 ? 0xff : 0, at(), at());
    else if (kind === 2) bytes = bytes.subarray(0, Math.max(1, at()));
    else if (kind === 3) bytes = Buffer.concat([bytes.subarray(0, at()), bytes.subarray(at())]);
    else if (bytes.length >= 8)
      bytes.writeUInt32LE(Math.floor(random() * 2 ** 32), Math.floor(random() * (bytes.length - 4)));
    if (bytes.length === 0) bytes = Buffer.from(seed);
  }
  return bytes;
}

/** mulberry32: the same numbers in every run. */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function streamed(bytes: Buffer): unknown {
  const scan = new BuildInfoScan();
  for (let at = 0; at < bytes.length; at += 100) scan.write(bytes.subarray(at, at + 100));
  return scan.end() ?? 'none';
}

function asEveryProgram(bytes: Buffer): unknown {
  const files = programs.flatMap(({ files }) => files ?? []);
  return files.map((file) => programsIn(bytes, `usr/bin/${file}`));
}

function pe(): Buffer {
  const bytes = Buffer.alloc(0x400);
  bytes.write('MZ');
  bytes.writeUInt32LE(0x80, 0x3c);
  bytes.write('PE\0\0', 0x80);
  bytes.writeUInt16LE(1, 0x86);
  bytes.writeUInt16LE(112, 0x94);
  bytes.writeUInt16LE(0x20b, 0x98);
  bytes.write('.data', 0x108);
  bytes.writeUInt32LE(0x100, 0x118);
  bytes.writeUInt32LE(0x200, 0x11c);
  return bytes;
}

function machO(): Buffer {
  const bytes = Buffer.alloc(0x400);
  bytes.writeUInt32LE(0xfeedfacf, 0);
  bytes.writeUInt32LE(1, 16);
  bytes.writeUInt32LE(0x19, 32);
  bytes.writeUInt32LE(72 + 80, 36);
  bytes.writeUInt32LE(1, 96);
  bytes.write('__data', 104);
  bytes.writeUInt32LE(0x100, 144);
  bytes.writeUInt32LE(0x200, 152);
  return bytes;
}

import { deflateSync } from 'node:zlib';
import { readExecutable } from '@gabion/inventory/elf/executable';
import { zipSync } from 'fflate';
import { madeElf } from '../../../libs/inventory/test/made-elf.ts';
import { inlineSection } from '../../../libs/inventory/test/made-go.ts';
import { packagedFile } from '../packaged-file.ts';
import { type Target, texts } from '../target.ts';

const modules =
  'path\texample.org/app\nmod\texample.org/app\tv1.2.3\t\ndep\tgolang.org/x/net\tv0.7.0\th1:x=\n=>\tgolang.org/x/net\tv0.8.0\th1:y=\nbuild\t-ldflags="-X main.version=1.2.3"\n';
const code = { name: '.text', content: Buffer.from('code'), address: 0x1000 };
const go = { name: '.go.buildinfo', content: inlineSection('go1.22.1', modules), address: 0x4000, isWritable: true };
const audited = JSON.stringify({
  packages: [
    { name: 'serde', version: '1.0.1', source: 'crates.io' },
    { name: 'own', version: '0.1.0', source: 'local', dependencies: [0], root: true },
  ],
});
const crates = (content: Buffer) => madeElf([code, { name: '.dep-v0', content }]);
const openssl = madeElf([
  code,
  { name: '.rodata', content: Buffer.from('\0OpenSSL 3.0.11 19 Sep 2023\0'), address: 0x5000 },
]);
const pomProperties = 'groupId=org.a\nartifactId=b\nversion=1.0\n';
const jar = (members: Record<string, Buffer>) => Buffer.from(zipSync(members));
const manifest =
  'Manifest-Version: 1.0\r\nImplementation-Title: b\r\nImplementation-Version: 1.0\r\nBundle-SymbolicName: org.a.b\r\n\r\n';

/** Executables and Java archives. */
export const programTargets: readonly Target[] = [
  packagedFile({
    name: 'go-program',
    path: 'usr/bin/app',
    samples: [
      madeElf([code, go]),
      madeElf([code, go], { is64: false }),
      madeElf([code, go], { hasSectionTable: false }),
    ],
  }),
  packagedFile({
    name: 'go-modules',
    path: 'usr/bin/app',
    samples: texts(modules),
    pack: (input) => madeElf([code, { ...go, content: inlineSection('go1.22.1', input.toString()) }]),
  }),
  packagedFile({ name: 'rust-program', path: 'usr/bin/app', samples: [crates(deflateSync(audited))] }),
  packagedFile({
    name: 'rust-audit',
    path: 'usr/bin/app',
    samples: texts(audited),
    pack: (input) => crates(deflateSync(input)),
  }),
  packagedFile({ name: 'program-evidence', path: 'usr/bin/openssl', samples: [openssl] }),
  {
    name: 'executable',
    samples: [madeElf([code, go]), machO(), portable()],
    errors: [],
    run: (input) => readExecutable(input) !== undefined,
  },
  packagedFile({
    name: 'jar',
    path: 'app/b-1.0.jar',
    samples: [
      jar({
        'META-INF/maven/org.a/b/pom.properties': Buffer.from(pomProperties),
        'META-INF/MANIFEST.MF': Buffer.from(manifest),
      }),
      jar({ 'BOOT-INF/lib/c-2.0.jar': jar({ 'META-INF/maven/org.c/c/pom.properties': Buffer.from(pomProperties) }) }),
    ],
  }),
  packagedFile({
    name: 'pom-properties',
    path: 'app/x.jar',
    samples: texts(pomProperties),
    pack: (input) => jar({ 'META-INF/maven/org.a/b/pom.properties': input }),
  }),
  packagedFile({
    name: 'jar-manifest',
    path: 'app/b-1.0.jar',
    samples: texts(manifest),
    pack: (input) => jar({ 'META-INF/MANIFEST.MF': input }),
  }),
];

/** Mach-O of 64 bits with one segment and one section. */
function machO(): Buffer {
  const file = Buffer.alloc(400);
  const words = [0xfeedfacf, 0x0100000c, 0, 2, 1, 152, 0, 0, 0x19, 152];
  for (const [index, word] of words.entries()) file.writeUInt32LE(word, index * 4);
  file.write('__DATA', 40);
  file.writeBigUInt64LE(0x1000n, 56);
  file.writeBigUInt64LE(0x100n, 64);
  file.writeBigUInt64LE(200n, 72);
  file.writeBigUInt64LE(100n, 80);
  file.writeUInt32LE(1, 96);
  file.write('__go_buildinfo', 104);
  file.write('__DATA', 120);
  file.writeBigUInt64LE(0x1000n, 136);
  file.writeBigUInt64LE(50n, 144);
  file.writeUInt32LE(200, 152);
  return file;
}

/** PE32+ with one section. */
function portable(): Buffer {
  const file = Buffer.alloc(1024);
  file.write('MZ');
  file.writeUInt32LE(0x80, 0x3c);
  file.write('PE\0\0', 0x80);
  file.writeUInt16LE(0x8664, 0x84);
  file.writeUInt16LE(1, 0x86);
  file.writeUInt16LE(240, 0x94);
  file.writeUInt16LE(0x20b, 0x98);
  const section = 0x98 + 240;
  file.write('.data', section);
  for (const [index, word] of [0x200, 0x1000, 0x200, 0x200].entries())
    file.writeUInt32LE(word, section + 8 + index * 4);
  file.writeUInt32LE(0xc0000040, section + 36);
  return file;
}

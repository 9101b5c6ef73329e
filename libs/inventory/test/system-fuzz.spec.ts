import { zstdCompressSync } from 'node:zlib';
import { addRpms, berkeleyFile, ndbFile, rpmHeader, sqliteFiles, type TestRpm } from '@gabion/testkit/rpm-database';
import { describe, expect, it } from '@jest/globals';
import { keepDatabase, keptDatabase, packagesOf } from '../src/rpm/kept-database.ts';
import { parseManifest } from '../src/rpm/rpm-manifest.ts';
import { parseApk } from '../src/system/apk.ts';
import { chiselAnalyzer, parseChisel } from '../src/system/chisel.ts';
import { keptLicenses, licensesIn } from '../src/system/debian-copyright.ts';
import { keptStanzas, parseDpkg } from '../src/system/dpkg-status.ts';
import { parseOsRelease } from '../src/system/os-release.ts';
import { parsePacman } from '../src/system/pacman.ts';
import { releaseFiles, systemOfReleaseFiles } from '../src/system/release-files.ts';

const rounds = 1_500;
/** Of one round; the databases here have 200 kB at most, which take some milliseconds. */
const maxRoundMs = 1_000;

const rpms: TestRpm[] = Array.from({ length: 30 }, (_, i) => ({
  name: `p${i}`,
  version: '1',
  release: '1',
  files: ['/usr/bin/a', '/usr/lib/libx.so.1', `/usr/share/p${i}/README`],
  padding: i * i * 8,
}));
const blobs = rpms.map(rpmHeader);
const small = blobs.slice(0, 12);
const [files] = sqliteFiles(['page_size = 1024', 'journal_mode = WAL', 'wal_autocheckpoint = 0'], addRpms(...rpms));
const [main] = sqliteFiles(['page_size = 1024'], addRpms(...rpms));

/** Reads a file as a layer keeps it and as an image reads it again; with a log that may not fit it. */
function packageCount(file: Buffer): number {
  const kept = keptDatabase(keepDatabase(file));
  const log = keptDatabase(keepDatabase(files!.log));
  const counts = kept ? [packagesOf(kept), packagesOf(kept, log)] : [];
  return Math.max(0, ...counts.map(({ packages }) => packages.length));
}

const text = (lines: string) => Buffer.from(lines);

const targets: Record<string, { seed: Buffer; pageSize?: number; read(content: Buffer): unknown }> = {
  'SQLite databases': { seed: main!.main, pageSize: 1024, read: packageCount },
  'write-ahead logs': {
    seed: files!.log,
    pageSize: 1048,
    read: (log) => packagesOf(keptDatabase(main!.main)!, keptDatabase(keepDatabase(log))),
  },
  'Berkeley DB hashes': { seed: berkeleyFile(blobs, { pageSize: 512 }), pageSize: 512, read: packageCount },
  'Berkeley DB trees': { seed: berkeleyFile(blobs, { kind: 'tree' }), pageSize: 4096, read: packageCount },
  'NDB databases': { seed: ndbFile(small), pageSize: 16, read: packageCount },
  'kept databases': { seed: keepDatabase(main!.main), read: (kept) => keptDatabase(kept) },
  'manifests of rpm': {
    seed: text('a\t1-1\t1\t1\tV\t(none)\t1\tx86_64\t0\ta-1-1.src.rpm\n'.repeat(20)),
    read: parseManifest,
  },
  'dpkg status files': {
    seed: text(
      'Package: a\nStatus: install ok installed\nVersion: 1:2-3\nSource: b (2)\nArchitecture: all\n\n'.repeat(20),
    ),
    read: (status) => [parseDpkg(status, 'status'), parseDpkg(keptStanzas(status), 'status')],
  },
  'apk databases': {
    seed: text('P:musl\nV:1.2-r0\nA:x86_64\nL:MIT\no:musl\nF:lib\nR:ld.so\n\n'.repeat(20)),
    read: (database) => parseApk(database, 'installed'),
  },
  'manifests of chisel': {
    seed: zstdCompressSync('{"kind":"package","name":"a","version":"1"}\n{"kind":"path","path":"/usr/bin/a"}\n'),
    read: (manifest) => parseChisel(chiselAnalyzer.reduce!('', manifest), ''),
  },
  'pacman descriptions': {
    seed: text('%NAME%\nbash\n\n%VERSION%\n5-1\n\n%BASE%\nbash\n\n%LICENSE%\nGPL\nMIT\n\n'),
    read: (description) => parsePacman(description, 'desc'),
  },
  'Debian copyright files': {
    seed: text(
      'Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n\nFiles: *\nLicense: MIT\n',
    ),
    read: (copyright) => [licensesIn(copyright), keptLicenses(copyright)],
  },
  'release files': {
    seed: text('ID="centos"\nVERSION_ID=\'7\'\nCentOS Linux release 7.9\nVERSION = 11\nDISTRIB_ID=Ubuntu\n'),
    read: (release) => [
      parseOsRelease(release.toString()),
      ...releaseFiles.map((wanted) =>
        systemOfReleaseFiles((path) => (path === wanted ? release.toString() : undefined)),
      ),
    ],
  },
};

describe.each(Object.entries(targets))('a reader of broken %s', (_what, { seed, pageSize = 8, read }) => {
  it(`ends soon and never throws, ${rounds} times`, () => {
    const random = randomOf(20_261_123);
    let slowestMs = 0;
    for (let round = 0; round < rounds; round++) {
      const broken = mutated(seed, pageSize, random);
      const start = performance.now();
      read(broken);
      slowestMs = Math.max(slowestMs, performance.now() - start);
    }
    expect(slowestMs).toBeLessThan(maxRoundMs);
  });
});

describe('a reader of databases made to take long', () => {
  it('reads each page once where all rows share one chain of pages', () => {
    const shared = Buffer.from(main!.main);
    // Every page says that the one after it is page 3, or the first one again.
    for (let page = 2; page * 1024 < shared.length; page++) shared.writeUInt32BE(page % 2 ? 3 : 2, page * 1024);
    expect(packageCount(shared)).toBeLessThanOrEqual(rpms.length);
  });

  it('looks at no more names than a database may have', () => {
    const header = rpmHeader({ name: 'many', version: '1', release: '1', files: ['/a'], padding: 60_000_000 });
    header.fill(0, header.length - 50_000_000);
    // The count of the directories' names, whose texts are empty from where the description was.
    for (let at = 8; at < 8 + 16 * header.readUInt32BE(0); at += 16) {
      if (header.readUInt32BE(at) === 1118) header.writeUInt32BE(10_000, at + 8);
      if (header.readUInt32BE(at) === 1118) header.writeUInt32BE(0xffffffff, at + 12);
    }
    const start = performance.now();
    expect(keptDatabase(keepDatabase(ndbFile([header])))).toMatchObject({ packages: { length: 1 } });
    expect(performance.now() - start).toBeLessThan(10_000);
  });

  it('keeps no more files than a database may take', () => {
    const directories = Array.from({ length: 3_000 }, (_, i) => `/${'d'.repeat(4_000)}/bin/f${i}`);
    const header = rpmHeader({ name: 'large', version: '1', release: '1', files: directories });
    const kept = keepDatabase(ndbFile(Array.from({ length: 8 }, () => header)));
    expect(kept.length).toBeLessThan(40 * 1024 * 1024);
    expect(keptDatabase(kept)).toMatchObject({ packages: { length: 8 } });
  });
});

/** One to eight changes: bits, numbers, pages put in the place of others, a cut. */
function mutated(seed: Buffer, pageSize: number, random: (below: number) => number): Buffer {
  const broken = Buffer.from(seed);
  for (let changes = 1 + random(8); changes > 0; changes--) {
    const at = random(broken.length);
    const page = at - (at % pageSize);
    const kind = random(5);
    if (kind === 0) broken[at]! ^= 1 << random(8);
    else if (kind === 1) broken[at] = [0, 1, 0x7f, 0x80, 0xff][random(5)]!;
    else if (kind === 2) broken.writeUInt32BE(random(2) * 0xffffffff || random(256), Math.min(at, broken.length - 4));
    else if (kind === 3)
      broken.copy(broken, page, random(Math.ceil(broken.length / pageSize)) * pageSize, page + pageSize);
    else broken.writeUInt8(random(256), Math.min(page + random(32), broken.length - 1));
  }
  return random(10) === 0 ? broken.subarray(0, random(broken.length)) : broken;
}

/** xorshift32: the same sequence in each run. */
function randomOf(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

import { gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import { affectedEntries } from './advisory.ts';
import { match } from './match.ts';
import { readFeedFile } from './read.ts';
import { walkArchive } from './walk.ts';

const read = (content: string | Uint8Array, path = 'file') =>
  readFeedFile({ path, bytes: Buffer.from(content) }, { source: 'test' });

async function collect(input: Uint8Array) {
  const files: string[] = [];
  for await (const { path, bytes } of walkArchive(input)) files.push(`${path} ${bytes.length}`);
  return files;
}

/** A zip with one stored entry, its sizes as told. */
function zipOf(name: string, content: Buffer, told = content.length): Buffer {
  const head = Buffer.alloc(30);
  head.writeUInt32LE(0x04034b50, 0);
  head.writeUInt16LE(20, 4);
  head.writeUInt32LE(content.length, 18);
  head.writeUInt32LE(told, 22);
  head.writeUInt16LE(name.length, 26);
  const entry = Buffer.alloc(46);
  entry.writeUInt32LE(0x02014b50, 0);
  entry.writeUInt16LE(20, 6);
  entry.writeUInt32LE(content.length, 20);
  entry.writeUInt32LE(told, 24);
  entry.writeUInt16LE(name.length, 28);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(1, 8);
  end.writeUInt16LE(1, 10);
  end.writeUInt32LE(46 + name.length, 12);
  end.writeUInt32LE(30 + name.length + content.length, 16);
  return Buffer.concat([head, Buffer.from(name), content, entry, Buffer.from(name), end]);
}

describe('hostile feeds', () => {
  it.each([
    [
      'entities that multiply',
      `<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><updates><update><id>&b;</id></update></updates>`,
    ],
    ['an unknown entity', '<updates><update><id>&lol;</id></update></updates>'],
    ['deep XML', `<updates>${'<a>'.repeat(100_000)}`],
    ['XML that ends early', '<updates><update><id>x'],
    ['deep TOML', `\`\`\`toml\n[advisory]\nid = ${'['.repeat(10_000)}\n\`\`\`\n`],
    ['deep objects of JSON', `{"document":${'{"a":'.repeat(50_000)}`],
    ['an endless front matter', `\`\`\`toml\n[advisory]\n${'#'.repeat(200_000)}`],
    ['a huge line', `CVE-2020-9999;0.07;0.94\n${'9'.repeat(5_000_000)}`],
  ])('are skipped with a reason: %s', (_, text) => {
    const start = performance.now();
    expect(read(text)).toEqual({ skipped: expect.stringMatching(/./) });
    expect(performance.now() - start).toBeLessThan(2000);
  });

  it('reads of CSAF relationships that go in circles nothing', () => {
    const relation = (id: string, parent: string) => ({
      product_reference: 'a-1-1.src',
      relates_to_product_reference: parent,
      full_product_name: { name: 'x', product_id: id },
    });
    const document = {
      document: { csaf_version: '2.0', tracking: { id: 'x' } },
      product_tree: { relationships: [relation('a', 'b'), relation('b', 'a')] },
      vulnerabilities: [{ cve: 'CVE-2026-0001', product_status: { fixed: ['a', 'b'] } }],
    };
    expect(read(JSON.stringify(document))).toMatchObject({ format: 'csaf', advisories: [] });
  });

  it('takes no property of Object for a key', () => {
    const tree = {
      document: { csaf_version: '2.0' },
      product_tree: {},
      vulnerabilities: [{ product_status: { constructor: ['x'], __proto__: ['y'] } }],
    };
    expect(read(JSON.stringify(tree))).toMatchObject({ advisories: [] });
    expect(read('[{"cycle":"1","eol":"2020-01-01"}]', 'constructor.json')).toHaveProperty('skipped');
  });
});

describe('hostile archives', () => {
  it('reads a zip, and files compressed within it', async () => {
    expect(await collect(zipOf('a.json', Buffer.from('{}')))).toEqual(['a.json 2']);
    expect(await collect(zipOf('a.json.zst', zstdCompressSync(Buffer.from('{}'))))).toEqual(['a.json 2']);
  });

  it('refuses archives in archives without end', async () => {
    let nested: Buffer = gzipSync('{}');
    for (let depth = 0; depth < 8; depth++) nested = gzipSync(nested);
    await expect(collect(nested)).rejects.toMatchObject({ name: 'AdvisoryError', code: 'archive_malformed' });
  });

  it('goes on after a member that cannot be unpacked', async () => {
    const files: (string | undefined)[] = [];
    for await (const file of walkArchive(zipOf('a.json.gz', gzipSync('{"id":1}').subarray(0, 14))))
      files.push(file.broken);
    expect(files).toEqual([expect.stringMatching(/./)]);
  });

  it.each([
    ['an entry that lies about its size', zipOf('a.json', Buffer.from('{}'), 1 << 30)],
    ['a zip that is cut off', zipOf('a.json', Buffer.from('{}')).subarray(0, 40)],
    ['xz that is cut off', Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0, 0, 4])],
    ['bzip2 that is cut off', Buffer.from('BZh91AY&SY')],
    ['bzip2 of another kind', Buffer.from(`BZh9${'x'.repeat(4000)}`)],
  ])('refuses %s', async (_, bytes) => {
    await expect(collect(bytes)).rejects.toMatchObject({ name: 'AdvisoryError' });
  });

  it('never splits a list so that a record is lost', async () => {
    const records = Array.from({ length: 20_000 }, (_, index) => ({
      id: `X-${index}`,
      modified: '2026-01-01T00:00:00Z',
      affected: [],
      details: '"]},{[\\'.repeat(60),
    }));
    let count = 0;
    for await (const file of walkArchive(Buffer.from(JSON.stringify(records)))) {
      const reading = readFeedFile(file, { source: 'test' });
      count += 'skipped' in reading ? 0 : reading.advisories.length;
    }
    expect(count).toBe(20_000);
  });
});

describe('mutated feeds', () => {
  const samples = [
    JSON.stringify({
      id: 'GHSA-1',
      modified: '2026-01-01T00:00:00Z',
      aliases: ['CVE-2026-0001'],
      affected: [
        {
          package: { ecosystem: 'npm', name: 'a' },
          ranges: [{ type: 'SEMVER', events: [{ introduced: '0' }, { fixed: '1.0.0' }] }],
        },
      ],
    }),
    JSON.stringify({
      curl: { 'CVE-2026-0001': { releases: { bookworm: { status: 'resolved', fixed_version: '1' } } } },
    }),
    '<updates><update type="security"><id>ALAS2-1</id><pkglist><collection><package name="a" version="1" release="1.amzn2"/></collection></pkglist></update></updates>',
    'id: X-1\nmodified: "2026-01-01"\naffected:\n- package:\n    name: a\n    ecosystem: PyPI\n  versions:\n  - 1.0.0\n',
    '```toml\n[advisory]\nid = "RUSTSEC-2026-0001"\npackage = "a"\n[versions]\npatched = [">= 1.0.0"]\n```\n# T\n',
    'Candidate: CVE-2026-0001\nPriority: low\njammy_foo: released (1.0)\n',
    '[02 Mar 2026] DSA-9001-1 foo - security update\n\t{CVE-2026-1}\n\t[bookworm] - foo 1:2.0-1+deb12u1\n',
    'CVE-2026-0001;0.5;0.5\n',
  ];

  it('end in a reading or a reason, and what was read can be matched', () => {
    let state = 42;
    const random = (below: number) => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return Math.floor((state / 2 ** 32) * below);
    };
    for (let round = 0; round < 4000; round++) {
      const bytes = Buffer.from(samples[round % samples.length]!);
      for (let change = 0; change <= random(4); change++) bytes[random(bytes.length)] = random(128);
      const reading = read(bytes.subarray(0, random(10) === 0 ? random(bytes.length) : bytes.length));
      if ('skipped' in reading) continue;
      for (const entry of reading.advisories.flatMap(affectedEntries))
        match({ ecosystem: entry.ecosystem, name: entry.name, version: '1.0.0' }, [entry]);
    }
  });
});

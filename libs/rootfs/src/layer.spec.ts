import { file, type LayerEntry, layerTar, symlink } from '@gabion/testkit/layer-tar';
import { describe, expect, it } from '@jest/globals';
import { readLayer } from './layer.ts';
import type { Analyzer } from './layer-contents.ts';
import type { LayerLimits } from './limits.ts';

const text: Analyzer = { name: 'text', wants: (path) => (path.endsWith('.txt') ? 1000 : undefined) };

function read(tar: Buffer | LayerEntry[], limits: Partial<LayerLimits> = {}, chunk = 1000, analyzers = [text]) {
  const bytes = Buffer.isBuffer(tar) ? tar : layerTar(tar);
  return readLayer(() => chunked(bytes, chunk), { analyzers, limits });
}

async function* chunked(bytes: Buffer, size: number) {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function texts(tar: Buffer | LayerEntry[], chunk?: number) {
  const { entries } = await read(tar, {}, chunk);
  return Object.fromEntries(
    entries.map((entry) => [entry.path, entry.kind === 'file' ? entry.content.toString() : entry.kind]),
  );
}

describe('readLayer', () => {
  it('keeps wanted files only, whatever the chunks it is given', async () => {
    const entries = [
      file('a.txt', 'one'),
      file('b.bin', 'x'.repeat(3000)),
      file('./c/d.txt', 'y'.repeat(700)),
      file('/e.txt'),
    ];
    for (const chunk of [1, 7, 511, 512, 513, 100_000]) {
      expect(await texts(entries, chunk)).toEqual({ 'a.txt': 'one', 'c/d.txt': 'y'.repeat(700), 'e.txt': '' });
    }
  });

  it('reads names over 100 bytes of pax and of GNU tar', async () => {
    const long = `${'directory/'.repeat(30)}é.txt`;
    expect(await texts([file(long, 'pax')])).toEqual({ [long]: 'pax' });
    expect(await texts([{ ...file(long, 'gnu'), gnu: true }])).toEqual({ [long]: 'gnu' });
    expect(await texts([{ path: `${long}.l`, type: 'symlink', link: long, gnu: true }])).toEqual({
      [`${long}.l`]: 'symlink',
    });
  });

  it('keeps a name that is not UTF-8', async () => {
    const tar = layerTar([file('a?.txt', 'x')]);
    tar[1] = 0xe9;
    tar.fill(' ', 148, 156);
    const sum = tar.subarray(0, 512).reduce((total, byte) => total + byte, 0);
    tar.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
    expect(await texts(tar)).toEqual({ 'aé.txt': 'x' });
  });

  it('takes the last of several members of one name', async () => {
    expect(await texts([file('a.txt', 'old'), file('a.txt', 'new')])).toEqual({ 'a.txt': 'new' });
    expect(await texts([file('a.txt', 'old'), { path: 'a.txt', type: 'directory' }])).toEqual({});
    expect(await texts([file('d/a.txt', 'old'), symlink('d', 'e')])).toEqual({ d: 'symlink' });
  });

  it('keeps whiteouts and opaque directories apart from files', async () => {
    const contents = await read([file('a/.wh.b'), file('c/.wh..wh..opq'), file('.wh.top'), file('.wh..wh.plnk/x')]);
    expect(contents.whiteouts).toEqual(['a/b', 'top']);
    expect(contents.opaque).toEqual(['c']);
    expect(contents.entries).toEqual([]);
  });

  it('follows a wanted hard link to a file that is kept', async () => {
    expect(await texts([file('a.txt', 'x'), { path: 'b.txt', type: 'hardlink', link: 'a.txt' }])).toEqual({
      'a.txt': 'x',
      'b.txt': 'x',
    });
  });

  it('reads the layer again for a wanted hard link to a file that had gone by', async () => {
    const link: LayerEntry = { path: 'b.txt', type: 'hardlink', link: 'store/1' };
    expect((await texts([file('store/1', 'x'), link]))['b.txt']).toBe('x');
  });

  it('limits and reduces the file behind a hard link as the analyzer of the link says', async () => {
    const analyzer = {
      name: 'text',
      wants: (path: string) => (path.endsWith('.txt') ? 10 : undefined),
      reduce: (path: string, content: Buffer) => Buffer.from(`${path} ${content.length}`),
    };
    const read = async (content: string) => {
      const open = async function* () {
        yield layerTar([file('store/1', content), { path: 'b.txt', type: 'hardlink', link: 'store/1' }]);
      };
      const { entries } = await readLayer(open, { analyzers: [analyzer] });
      return entries.map((entry) => (entry.kind === 'file' ? entry.content.toString() : entry.kind));
    };
    expect(await read('x')).toEqual(['b.txt 1', 'b.txt 1']);
    expect(await read('x'.repeat(11))).toEqual(['oversized', 'oversized']);
  });

  it('expands a sparse file of GNU format 1.0', async () => {
    const map = Buffer.alloc(512);
    map.write('2\n0\n2\n8\n2\n');
    const pax = {
      'GNU.sparse.major': '1',
      'GNU.sparse.minor': '0',
      'GNU.sparse.name': 's.txt',
      'GNU.sparse.realsize': '10',
    };
    const found = await texts([
      { path: 'GNUSparseFile.0/s.txt', content: Buffer.concat([map, Buffer.from('abcd')]), pax },
    ]);
    expect(found).toEqual({ 's.txt': 'ab\0\0\0\0\0\0cd' });
  });

  it('keeps hard links that lead in a circle, to nothing or to a lower layer as links', async () => {
    const links: LayerEntry[] = [
      { path: 'self.txt', type: 'hardlink', link: 'self.txt' },
      { path: 'a.txt', type: 'hardlink', link: 'b.txt' },
      { path: 'b.txt', type: 'hardlink', link: 'a.txt' },
      { path: 'c.txt', type: 'hardlink', link: './below' },
    ];
    const kinds = { 'self.txt': 'hardlink', 'a.txt': 'hardlink', 'b.txt': 'hardlink', 'c.txt': 'hardlink' };
    expect(await texts(links)).toEqual(kinds);
  });

  it('notes a wanted file over its limit without its content', async () => {
    expect(await texts([file('a.txt', 'x'.repeat(1001))])).toEqual({ 'a.txt': 'oversized' });
  });

  it('reduces content before it is kept', async () => {
    const analyzer: Analyzer = { ...text, reduce: (_, content) => content.subarray(0, 1) };
    const { entries } = await read([file('a.txt', 'xyz')], {}, 1000, [analyzer]);
    expect(entries).toEqual([{ kind: 'file', path: 'a.txt', size: 3, content: Buffer.from('x') }]);
  });

  it('takes the device files that every image has, and a 0/0 device for a whiteout', async () => {
    const contents = await read([
      { path: 'dev/null', type: 'char-device', device: [1, 3] },
      { path: 'gone', type: 'char-device', device: [0, 0] },
    ]);
    expect(contents.whiteouts).toEqual(['gone']);
  });
});

describe('readLayer on a hostile layer', () => {
  const refused: [string, LayerEntry[], string][] = [
    ['a name with ..', [file('../etc/passwd')], 'path_escapes'],
    ['a name with .. inside', [file('a/../../b')], 'path_escapes'],
    ['a whiteout of ..', [file('a/.wh...')], 'path_escapes'],
    ['a hard link out of the root', [{ path: 'a', type: 'hardlink', link: '../../etc/shadow' }], 'link_escapes'],
    ['an absolute hard link', [{ path: 'a', type: 'hardlink', link: '/etc/shadow' }], 'link_escapes'],
    ['a relative link above the root', [symlink('a/b', '../../etc/shadow')], 'link_escapes'],
    ['a block device', [{ path: 'dev/sda', type: 'block-device', device: [8, 0] }], 'device_node'],
    ['a character device elsewhere', [{ path: 'mem', type: 'char-device', device: [1, 1] }], 'device_node'],
    ['an endless name', [file('a'.repeat(5000))], 'name_too_long'],
    ['a path of many levels', [file('a/'.repeat(300))], 'path_too_deep'],
    ['a malformed pax record', [{ path: 'a', pax: { size: 'many' } }], 'layer_invalid'],
  ];
  for (const [what, entries, code] of refused) {
    it(`refuses ${what}`, async () => {
      await expect(read(entries)).rejects.toMatchObject({ name: 'RootfsError', code });
    });
  }

  it('takes an absolute symbolic link, which means the root of the image', async () => {
    expect(await texts([symlink('etc/alternatives/awk', '/usr/bin/mawk')])).toEqual({
      'etc/alternatives/awk': 'symlink',
    });
  });

  it('refuses a tar that ends in a file', async () => {
    const tar = layerTar([file('a.txt', 'x'.repeat(900))]);
    await expect(read(tar.subarray(0, 1000))).rejects.toMatchObject({ code: 'layer_truncated' });
    await expect(read(tar.subarray(0, 300))).rejects.toMatchObject({ code: 'layer_truncated' });
  });

  it('refuses a wrong checksum and bytes that are no tar', async () => {
    const tar = layerTar([file('a.txt', 'x')]);
    tar[0]!++;
    await expect(read(tar)).rejects.toMatchObject({ code: 'layer_invalid' });
    await expect(read(Buffer.from('no tar at all'.repeat(100)))).rejects.toMatchObject({ code: 'layer_invalid' });
  });

  it('refuses what is over the limits', async () => {
    const many = Array.from({ length: 20 }, (_, i) => file(`${i}.txt`, 'x'.repeat(500)));
    await expect(read(many, { maxEntries: 19 })).rejects.toMatchObject({ code: 'too_many_entries' });
    await expect(read(many, { maxBytes: 8000 })).rejects.toMatchObject({ code: 'layer_too_large' });
    await expect(read(many, { maxKeptBytes: 5000 })).rejects.toMatchObject({ code: 'layer_contents_too_large' });
  });

  it('refuses a layer that replaces its own directories without end', async () => {
    const links = Array.from({ length: 5000 }, (_, i) => symlink(`many/${i}`, 'x'));
    const again = Array.from({ length: 5000 }, () => [symlink('d/a', 'x'), symlink('d', 'y')]).flat();
    await expect(read([...links, ...again], {}, 1_000_000)).rejects.toMatchObject({ code: 'layer_invalid' });
  });

  it('refuses a sparse file that claims more than it may keep', async () => {
    const pax = { 'GNU.sparse.major': '1', 'GNU.sparse.realsize': '99999999999', 'GNU.sparse.name': 'a.txt' };
    expect(await texts([{ path: 'x', content: '0\n', pax }])).toEqual({ 'a.txt': 'oversized' });
  });
});

import { file, type LayerEntry, layerTar, symlink } from '@gabion/testkit/layer-tar';
import { describe, expect, it } from '@jest/globals';
import type { Inspector } from './inspector.ts';
import { readLayer } from './layer.ts';
import { apply } from './view.ts';

const analyzers = [{ name: 'text', wants: (path: string) => (path.endsWith('.txt') ? 1000 : undefined) }];

const names: Inspector = { name: 'names', inspect: ({ path }) => ({ end: () => [{ path }] }) };

async function view(...layers: LayerEntry[][]) {
  const read = layers.map(async (entries, index) => ({
    diffId: `layer-${index}`,
    contents: await readLayer(
      async function* () {
        yield layerTar(entries);
      },
      { analyzers, inspectors: [names] },
    ),
  }));
  return apply(await Promise.all(read));
}

async function paths(...layers: LayerEntry[][]) {
  return [...(await view(...layers)).files.keys()].sort();
}

describe('apply', () => {
  it('takes a file from the highest layer that holds it', async () => {
    const seen = await view([file('a.txt', 'low'), file('b.txt', 'b')], [file('a.txt', 'high')]);
    expect(seen.read('a.txt')).toMatchObject({ layer: 1, content: Buffer.from('high') });
    expect(seen.read('/b.txt')).toMatchObject({ layer: 0 });
  });

  it('deletes a file, and a directory with all below, by whiteout', async () => {
    const base = [file('a.txt'), file('d/b.txt'), file('d/e/c.txt'), file('da.txt')];
    expect(await paths(base, [file('.wh.a.txt')])).toEqual(['d/b.txt', 'd/e/c.txt', 'da.txt']);
    expect(await paths(base, [file('.wh.d')])).toEqual(['a.txt', 'da.txt']);
  });

  it('lets a whiteout touch lower layers only', async () => {
    expect(await paths([file('a.txt')], [file('a.txt'), file('.wh.a.txt')])).toEqual(['a.txt']);
    expect(await paths([file('d/a.txt')], [file('d/b.txt'), file('d/.wh..wh..opq')])).toEqual(['d/b.txt']);
  });

  it('hides everything by an opaque root', async () => {
    expect(await paths([file('d/a.txt')], [file('.wh..wh..opq'), file('b.txt')])).toEqual(['b.txt']);
  });

  it('replaces a directory by a file and a file by a directory', async () => {
    expect(await paths([file('d/a.txt')], [file('d', 'now a file nobody wants')])).toEqual([]);
    expect(await paths([file('d.txt')], [{ path: 'd.txt/', type: 'directory' }])).toEqual([]);
    expect(await paths([file('d.txt')], [{ path: 'd.txt', type: 'fifo' }])).toEqual([]);
  });

  it('writes through the link of a lower layer, as unpacking does', async () => {
    const seen = await view([symlink('lib', 'usr/lib')], [file('lib/db/a.txt', 'x')]);
    expect([...seen.files.keys()]).toEqual(['usr/lib/db/a.txt']);
    expect(seen.read('lib/db/a.txt')?.path).toBe('usr/lib/db/a.txt');
  });

  it('deletes through the link of a lower layer', async () => {
    const base = [symlink('lib', 'usr/lib'), file('usr/lib/a.txt')];
    expect(await paths(base, [file('lib/.wh.a.txt')])).toEqual([]);
  });

  it('ends a link where a directory of a higher layer replaces it', async () => {
    const seen = await view([symlink('lib', 'usr/lib'), file('usr/lib/a.txt')], [{ path: 'lib/' }, file('lib/b.txt')]);
    expect([...seen.files.keys()].sort()).toEqual(['lib/b.txt', 'usr/lib/a.txt']);
    expect(seen.read('lib/a.txt')).toBeUndefined();
  });

  it('keeps links inside the root, absolute ones too', async () => {
    const seen = await view([
      symlink('etc/os.txt', '../usr/os.txt'),
      symlink('abs', '/usr/./'),
      file('usr/os.txt', 'x'),
    ]);
    expect(seen.read('etc/os.txt')?.path).toBe('usr/os.txt');
    expect(seen.read('abs/os.txt')?.path).toBe('usr/os.txt');
    expect(seen.read('../../usr/os.txt')?.path).toBe('usr/os.txt');
  });

  it('gives up on links in a circle', async () => {
    const seen = await view([symlink('a', 'b'), symlink('b', 'a'), file('a/x.txt'), symlink('c.txt', 'c.txt')]);
    expect(seen.read('a/x.txt')).toBeUndefined();
    expect(seen.read('c.txt')).toBeUndefined();
  });

  it('finds the content of a hard link in a lower layer', async () => {
    const seen = await view([file('a.txt', 'x')], [{ path: 'b.txt', type: 'hardlink', link: 'a.txt' }]);
    expect(seen.read('b.txt')?.content?.toString()).toBe('x');
  });

  it('tells what each layer made of a file', async () => {
    const seen = await view(
      [file('a.txt', '1')],
      [file('x')],
      [file('a.txt', '2')],
      [file('.wh.a.txt')],
      [file('a.txt', '3')],
    );
    const told = seen.history('a.txt').map(({ layer, file: state }) => [layer, state?.content?.toString()]);
    expect(told).toEqual([
      [0, '1'],
      [2, '2'],
      [3, undefined],
      [4, '3'],
    ]);
  });
});

describe('notes', () => {
  /** What is noted, as `layer:path`, with `!` where the file is gone. */
  async function noted(...layers: LayerEntry[][]) {
    const notes = (await view(...layers)).notes('names');
    return notes.map(({ layer, path, isVisible }) => `${layer}:${path}${isVisible ? '' : '!'}`);
  }

  it('are those of all layers, with the layer and the path in the image', async () => {
    const seen = await view([symlink('lib', 'usr/lib'), file('usr/lib/a')], [file('lib/b')]);
    expect(seen.notes('names')).toEqual([
      { note: { path: 'usr/lib/a' }, layer: 0, path: 'usr/lib/a', isVisible: true },
      { note: { path: 'lib/b' }, layer: 1, path: 'usr/lib/b', isVisible: true },
    ]);
    expect(seen.notes('nobody')).toEqual([]);
  });

  it('say when a later layer deletes the file, its directory or all of it', async () => {
    const base = [file('d/a'), file('d/e/b'), file('da')];
    expect(await noted(base, [file('d/.wh.a')])).toEqual(['0:d/a!', '0:d/e/b', '0:da']);
    expect(await noted(base, [file('.wh.d')])).toEqual(['0:d/a!', '0:d/e/b!', '0:da']);
    expect(await noted(base, [file('d/.wh..wh..opq'), file('d/c')])).toEqual(['0:d/a!', '0:d/e/b!', '0:da', '1:d/c']);
    expect(await noted(base, [file('.wh..wh..opq')])).toEqual(['0:d/a!', '0:d/e/b!', '0:da!']);
  });

  it('say when a later layer replaces the file or its directory', async () => {
    const base = [file('d/a'), file('b')];
    expect(await noted(base, [file('b', 'new')])).toEqual(['0:d/a', '0:b!', '1:b']);
    expect(await noted(base, [{ path: 'b/' }])).toEqual(['0:d/a', '0:b!']);
    expect(await noted(base, [symlink('d', 'x')])).toEqual(['0:d/a!', '0:b']);
    expect(await noted(base, [symlink('b', 'x')])).toEqual(['0:d/a', '0:b!']);
  });

  it('say when a file is replaced or deleted through a link of a lower layer', async () => {
    const base = [symlink('lib', 'usr/lib'), file('usr/lib/a')];
    expect(await noted(base, [file('lib/a')])).toEqual(['0:usr/lib/a!', '1:usr/lib/a']);
    expect(await noted(base, [file('lib/.wh.a')])).toEqual(['0:usr/lib/a!']);
  });

  it('tell a file that was deleted from one that came back', async () => {
    expect(await noted([file('a')], [file('.wh.a')], [file('a')])).toEqual(['0:a!', '2:a']);
  });
});

import { setImmediate as turn } from 'node:timers/promises';
import { file, type LayerEntry, layerTar, symlink } from '@gabion/testkit/layer-tar';
import { describe, expect, it } from '@jest/globals';
import { type FileFacts, headBytes, type Inspection, type Inspector, type Note } from './inspector.ts';
import { readLayer } from './layer.ts';
import type { LayerLimits } from './limits.ts';

interface Seen extends Note {
  readonly head: number;
  readonly bytes: string;
  readonly whole?: string;
}

/** Notes of each file all that it was shown. */
function witness(wholeUpTo = 0, name = 'witness'): Inspector<Seen> {
  return {
    name,
    inspect({ path }, head) {
      const chunks: Buffer[] = [];
      return {
        wholeUpTo,
        write: (chunk) => chunks.push(Buffer.from(chunk)),
        end(whole) {
          const bytes = Buffer.concat(chunks).toString('latin1');
          return [{ path, head: head.length, bytes, ...(whole && { whole: whole.toString('latin1') }) }];
        },
      };
    },
  };
}

/** Notes the paths of files alone. */
const paths: Inspector = { name: 'paths', inspect: ({ path }) => ({ end: () => [{ path }] }) };

function read(tar: readonly LayerEntry[], inspectors: readonly Inspector[], more: Options = {}) {
  const bytes = layerTar(tar);
  const { chunk = 1000, analyzers = [], ...limits } = more;
  async function* chunks() {
    for (let at = 0; at < bytes.length; at += chunk) yield bytes.subarray(at, at + chunk);
  }
  return readLayer(chunks, { analyzers, inspectors, limits });
}

type Options = Partial<LayerLimits> & {
  readonly chunk?: number;
  readonly analyzers?: Parameters<typeof readLayer>[1]['analyzers'];
};

async function notedPaths(tar: readonly LayerEntry[]): Promise<string[]> {
  const { notes } = await read(tar, [paths]);
  return (notes.paths ?? []).map(({ path }) => path);
}

describe('readLayer with inspectors', () => {
  it('shows every regular file, whatever the chunks it comes in', async () => {
    const large = 'x'.repeat(headBytes + 5000);
    const entries = [file('empty'), file('small', 'abc'), file('large', large), { path: 'd/' }, symlink('l', 'small')];
    for (const chunk of [100, 513, 50_000, 1_000_000]) {
      const { notes } = await read(entries, [witness()], { chunk });
      expect(notes.witness).toEqual([
        { path: 'empty', head: 0, bytes: '' },
        { path: 'small', head: 3, bytes: 'abc' },
        { path: 'large', head: headBytes, bytes: large },
      ]);
    }
  });

  it('says what the tar says of the file', async () => {
    const seen: FileFacts[] = [];
    const facts: Inspector = {
      name: 'facts',
      inspect(facts) {
        seen.push(facts);
        return undefined;
      },
    };
    const pax = { uid: '1000', gid: '-2' };
    await read([{ path: './usr/bin/su', content: 'x', mode: 0o104755, pax }], [facts]);
    expect(seen).toEqual([{ path: 'usr/bin/su', size: 1, mode: 0o4755, uid: 1000, gid: 4294967294 }]);
  });

  it('gathers a file for those that want it whole, and only up to their bound', async () => {
    const inspectors = [witness(3, 'three'), witness(5, 'five'), witness(0, 'none')];
    for (const chunk of [1, 100_000]) {
      const { notes } = await read([file('abc', 'abc'), file('abcd', 'abcd'), file('empty')], inspectors, { chunk });
      const wholes = (name: string) => (notes[name] as Seen[]).map(({ whole }) => whole);
      expect(wholes('three')).toEqual(['abc', undefined, '']);
      expect(wholes('five')).toEqual(['abc', 'abcd', '']);
      expect(wholes('none')).toEqual([undefined, undefined, undefined]);
    }
  });

  it('gathers no file that is over the bound of the layer', async () => {
    const { notes } = await read([file('a', 'abc')], [witness(100)], { maxGatheredBytes: 2 });
    expect(notes.witness).toEqual([{ path: 'a', head: 3, bytes: 'abc' }]);
  });

  it('waits for an inspection to end before it takes more of the layer', async () => {
    const order: string[] = [];
    const slow: Inspector = {
      name: 'slow',
      inspect({ path }): Inspection {
        order.push(`begin ${path}`);
        return {
          async end() {
            await turn();
            order.push(`end ${path}`);
            return [{ path }];
          },
        };
      },
    };
    const { notes } = await read([file('a', 'x'), file('b'), file('c', 'y')], [slow], { chunk: 100_000 });
    expect(order).toEqual(['begin a', 'end a', 'begin b', 'end b', 'begin c', 'end c']);
    expect(notes.slow).toHaveLength(3);
  });

  it('inspects a file once under its own path, however many hard links lead to it', async () => {
    const link: LayerEntry = { path: 'b.txt', type: 'hardlink', link: 'store/1' };
    const analyzers = [{ name: 'text', wants: (path: string) => (path.endsWith('.txt') ? 100 : undefined) }];
    const { notes, entries } = await read([file('store/1', 'x'), link], [paths], { analyzers });
    expect(notes.paths).toEqual([{ path: 'store/1' }]);
    expect(entries.map(({ kind, path }) => [kind, path])).toEqual([
      ['file', 'store/1'],
      ['file', 'b.txt'],
    ]);
  });

  it('forgets what was noted of a file that the layer itself replaces', async () => {
    expect(await notedPaths([file('a', 'old'), file('a', 'new')])).toEqual(['a']);
    expect(await notedPaths([file('a'), { path: 'a/' }])).toEqual([]);
    expect(await notedPaths([file('a'), symlink('a', 'b')])).toEqual([]);
    expect(await notedPaths([file('d/e/a'), file('da'), symlink('d', 'x')])).toEqual(['da']);
    expect(await notedPaths([file('d/a'), symlink('d', 'x'), { path: 'd/' }, file('d/a')])).toEqual(['d/a']);
  });

  it('inspects whiteouts no more than any other mark', async () => {
    expect(await notedPaths([file('d/.wh.a'), file('d/.wh..wh..opq'), file('d/b')])).toEqual(['d/b']);
  });

  it('fills the holes of a sparse file', async () => {
    const map = Buffer.alloc(512);
    map.write('2\n0\n2\n8\n2\n');
    const sparse = (realsize: string): LayerEntry => ({
      path: 'GNUSparseFile.0/s',
      content: Buffer.concat([map, Buffer.from('abcd')]),
      pax: {
        'GNU.sparse.major': '1',
        'GNU.sparse.minor': '0',
        'GNU.sparse.name': 's',
        'GNU.sparse.realsize': realsize,
      },
    });
    const { notes } = await read([sparse('10')], [witness()]);
    expect(notes.witness).toEqual([{ path: 's', head: 10, bytes: 'ab\0\0\0\0\0\0cd' }]);
    const large = await read([sparse('99999999999'), sparse('99999999999'), file('a')], [paths]);
    expect(large.notes.paths).toEqual([{ path: 'a' }]);
    expect(large.skipped).toEqual([{ code: 'sparse_file_skipped', subject: 's', count: 2 }]);
    const bomb = await read([sparse('600'), sparse('600')], [paths], { maxSparseBytes: 1000 });
    expect(bomb.skipped).toEqual([{ code: 'sparse_file_skipped', subject: 's', count: 1 }]);
  });

  it('leaves out notes over the bounds of their inspector, and says so', async () => {
    const files = Array.from({ length: 5 }, (_, i) => file(`${i}`, 'xy'));
    const { notes, skipped } = await read(files, [paths, witness()], { maxNotes: 4, maxNoteBytes: 100 });
    expect(notes.paths).toHaveLength(4);
    expect(notes.witness).toHaveLength(2);
    expect(skipped).toEqual([
      { code: 'notes_truncated', subject: 'paths', count: 1 },
      { code: 'notes_truncated', subject: 'witness', count: 3 },
    ]);
  });

  it('goes on when an inspector throws, and says so', async () => {
    const broken = (where: keyof Inspection | 'inspect'): Inspector => ({
      name: where,
      inspect({ path }) {
        const fail = () => {
          throw new Error('a mistake');
        };
        if (where === 'inspect') fail();
        return where === 'end' ? { end: async () => fail() } : { write: fail, end: () => [{ path }] };
      },
    });
    const inspectors = [broken('inspect'), broken('write'), broken('end'), paths];
    const { notes, skipped } = await read([file('a', 'x'), file('b', 'y')], inspectors);
    expect(notes).toEqual({ paths: [{ path: 'a' }, { path: 'b' }] });
    expect(skipped).toEqual([
      { code: 'inspection_failed', subject: 'inspect: a', count: 2 },
      { code: 'inspection_failed', subject: 'write: a', count: 2 },
      { code: 'inspection_failed', subject: 'end: a', count: 2 },
    ]);
  });

  it('is ended by what the layer is, not by its inspectors', async () => {
    await expect(read([file('a', 'x'), file('../b')], [paths])).rejects.toMatchObject({ code: 'path_escapes' });
  });
});

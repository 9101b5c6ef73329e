import { file, layerTar, symlink } from '@gabion/testkit/layer-tar';
import { describe, expect, it } from '@jest/globals';
import type { Inspector, Note } from './inspector.ts';
import { readLayer } from './layer.ts';
import { decodeLayer, encodeLayer } from './layer-codec.ts';

const sizes: Inspector<Note & { bytes: number }> = {
  name: 'sizes',
  inspect: ({ path, size }) => ({ end: () => [{ path, bytes: size }] }),
};
const analyzers = [{ name: 'text', wants: (path: string) => (path.endsWith('.txt') ? 10 : undefined) }];

async function contents() {
  const tar = layerTar([
    file('é.txt', Buffer.from([0, 255, 10])),
    file('empty.txt'),
    file('big.txt', 'x'.repeat(11)),
    symlink('l', 'd'),
    { path: 'h.txt', type: 'hardlink', link: 'elsewhere' },
    { path: 'd/' },
    file('d/.wh.x'),
    file('e/.wh..wh..opq'),
  ]);
  return readLayer(
    async function* () {
      yield tar;
    },
    { analyzers, inspectors: [sizes], limits: { maxNotes: 2 } },
  );
}

describe('encodeLayer and decodeLayer', () => {
  it('give back what they were given', async () => {
    const given = await contents();
    expect(given.entries.map((entry) => entry.kind)).toEqual(['file', 'file', 'oversized', 'symlink', 'hardlink']);
    expect(given.notes).toEqual({
      sizes: [
        { path: 'é.txt', bytes: 3 },
        { path: 'empty.txt', bytes: 0 },
      ],
    });
    expect(given.skipped).toEqual([{ code: 'notes_truncated', subject: 'sizes', count: 1 }]);
    expect(decodeLayer(encodeLayer(given))).toEqual(given);
  });

  it('refuses another version and bytes that are cut off', async () => {
    const bytes = encodeLayer(await contents());
    expect(() => decodeLayer(bytes.subarray(0, -1))).toThrow(RangeError);
    const other = Buffer.from(bytes.toString('latin1').replace('"version":2', '"version":9'), 'latin1');
    expect(decodeLayer(other)).toBeUndefined();
  });
});

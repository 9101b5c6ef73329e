import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { layerTar } from '@gabion/testkit/layer-tar';
import { describe, expect, it } from '@jest/globals';
import { readLayer } from './layer.ts';
import { expandSparse } from './sparse.ts';

const isGnuTar = spawnSync('tar', ['--version']).stdout?.toString().includes('GNU tar') ?? false;

/** What an inspector and an analyzer see of `s`. */
async function seen(tar: Buffer): Promise<Buffer[]> {
  let inspected = Buffer.alloc(0);
  const contents = await readLayer(
    async function* () {
      for (let at = 0; at < tar.length; at += 999) yield tar.subarray(at, at + 999);
    },
    {
      analyzers: [{ name: 'all', wants: () => 1_000_000 }],
      inspectors: [
        {
          name: 'all',
          inspect: () => ({
            wholeUpTo: 1_000_000,
            end(whole) {
              inspected = Buffer.from(whole!);
              return [];
            },
          }),
        },
      ],
    },
  );
  const [entry] = contents.entries;
  if (entry?.kind !== 'file' || entry.path !== 's') throw new Error('s was not kept');
  return [inspected, entry.content];
}

(isGnuTar ? describe : describe.skip)('a sparse file of GNU tar', () => {
  const forms = [
    ['--format=gnu'],
    ['--format=posix', '--sparse-version=0.0'],
    ['--format=posix', '--sparse-version=0.1'],
    ['--format=posix', '--sparse-version=1.0'],
  ];
  it.each(forms)('is read as it was written (%s %s)', async (...flags) => {
    const directory = mkdtempSync(join(tmpdir(), 'gabion-sparse-'));
    try {
      const path = join(directory, 's');
      // Holes behind more pieces than one header has room for, and one at the end.
      const content = Buffer.alloc(600_000);
      writeFileSync(path, '');
      truncateSync(path, content.length);
      for (let at = 0; at < 500_000; at += 16_384) content.write(`piece at ${at}`, at);
      for (let at = 0; at < 500_000; at += 16_384) writeAt(path, content.subarray(at, at + 20), at);
      const tar = execFileSync('tar', ['-C', directory, ...flags.filter(Boolean), '-S', '-cf', '-', 's']);
      for (const found of await seen(tar)) expect(found.equals(content)).toBe(true);
      expect(readFileSync(path).equals(content)).toBe(true);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});

function writeAt(path: string, bytes: Buffer, at: number): void {
  execFileSync('dd', [`of=${path}`, 'bs=1', `seek=${at}`, 'conv=notrunc', 'status=none'], { input: bytes });
}

describe('expandSparse', () => {
  const malformed: [what: string, pieces: [number, number][]][] = [
    ['a piece beyond the end of the file', [[8, 4]]],
    [
      'pieces of more bytes than are stored',
      [
        [0, 3],
        [4, 3],
      ],
    ],
  ];
  it.each(malformed)('refuses %s', (_what, pieces) => {
    expect(() => expandSparse(Buffer.from('abcd'), { realSize: 10, pieces })).toThrow('a sparse map is malformed');
  });

  it.each(['x\n', '1\n0\n', '-1\n', '99999999999\n', '1\n0\nx\n', ''])('refuses the map %j in the data', (map) => {
    expect(() => expandSparse(Buffer.from(map), { realSize: 10 })).toThrow('a sparse map is malformed');
  });

  it('ends the layer of a file whose map is malformed', async () => {
    const pax = { 'GNU.sparse.major': '1', 'GNU.sparse.realsize': '10', 'GNU.sparse.name': 's' };
    await expect(seen(layerTar([{ path: 'x', content: 'no map', pax }]))).rejects.toMatchObject({
      code: 'layer_invalid',
    });
  });
});

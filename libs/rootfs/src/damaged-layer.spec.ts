import { file, type LayerEntry, layerTar, symlink } from '@gabion/testkit/layer-tar';
import { describe, expect, it } from '@jest/globals';
import type { Inspector } from './inspector.ts';
import { readLayer } from './layer.ts';
import { decodeLayer, encodeLayer } from './layer-codec.ts';
import { RootfsError } from './rootfs-error.ts';
import { apply } from './view.ts';

/** A layer with every kind of member and header that the parser knows. */
const entries: LayerEntry[] = [
  { path: 'd/' },
  file('d/a.txt', 'a'.repeat(700)),
  file(`${'long/'.repeat(40)}é.txt`, 'pax'),
  { ...file(`${'gnu/'.repeat(40)}b.txt`, 'gnu'), gnu: true },
  symlink('l', 'd/a.txt'),
  { path: 'h.txt', type: 'hardlink', link: 'd/a.txt' },
  { path: 'gone', type: 'char-device', device: [0, 0] },
  file('d/.wh.b'),
  file('e/.wh..wh..opq'),
  {
    path: 'GNUSparseFile.0/s.txt',
    content: Buffer.concat([Buffer.alloc(512, '1\n0\n2\n'.padEnd(512, '\0')), Buffer.from('ab')]),
    pax: { 'GNU.sparse.major': '1', 'GNU.sparse.minor': '0', 'GNU.sparse.name': 's.txt', 'GNU.sparse.realsize': '9' },
  },
];
const analyzers = [{ name: 'text', wants: (path: string) => (path.endsWith('.txt') ? 1000 : undefined) }];
const names: Inspector = {
  name: 'names',
  inspect: ({ path }) => ({ wholeUpTo: 1000, end: (whole) => [{ path, bytes: whole?.length }] }),
};

/** Numbers that are the same in every run (Mulberry32). */
function* numbers(seed: number): Generator<number> {
  for (let state = seed; ; ) {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    yield (mixed ^ (mixed >>> 14)) >>> 0;
  }
}

/** The tar with a few bytes changed, and its checksums made right again half of the time. */
function damaged(tar: Buffer, seed: number): Buffer {
  const random = numbers(seed);
  const next = () => random.next().value as number;
  const copy = Buffer.from(tar.subarray(0, next() % 4 === 0 ? next() % tar.length : tar.length));
  for (let changes = 1 + (next() % 4); changes > 0 && copy.length > 0; changes--) {
    const at = next() % copy.length;
    copy[at] = [next() & 0xff, 0, 0xff, 0x30 + (next() % 10), copy[at]! ^ (1 << (next() % 8))][next() % 5]!;
  }
  if (next() % 2 === 0) for (let at = 0; at + 512 <= copy.length; at += 512) mend(copy.subarray(at, at + 512));
  return copy;
}

/** Writes the right checksum into what looks like a header. */
function mend(block: Buffer): void {
  if (block.toString('latin1', 257, 262) !== 'ustar') return;
  block.fill(' ', 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
}

/** Time for the search, beside a set of seeds that is always run. */
const fuzzMs = Number(process.env.GABION_FUZZ_MS ?? 0);

describe('a damaged layer', () => {
  it('is read or refused with a code, and never more', async () => {
    const tar = layerTar(entries);
    const codes = new Map<string, number>();
    const until = performance.now() + fuzzMs;
    for (let seed = 1; seed <= 3000 || performance.now() < until; seed++) {
      const bytes = damaged(tar, seed);
      async function* pieces() {
        const size = 1 + ((seed * 7919) % 1500);
        for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
      }
      const outcome = await readLayer(pieces, { analyzers, inspectors: [names] }).then(
        (contents) => {
          expect(contents.skipped.filter(({ code }) => code === 'inspection_failed')).toEqual([]);
          apply([{ diffId: 'damaged', contents: decodeLayer(encodeLayer(contents))! }]).read('l');
          return 'read';
        },
        (error: unknown) => {
          if (!(error instanceof RootfsError)) throw new Error(`seed ${seed}`, { cause: error });
          return error.code;
        },
      );
      codes.set(outcome, (codes.get(outcome) ?? 0) + 1);
    }
    // Neither all refused at the first header nor all let through.
    expect(codes.get('read')).toBeGreaterThan(300);
    expect([...codes.keys()]).toEqual(expect.arrayContaining(['layer_invalid', 'layer_truncated', 'device_node']));
  });
});

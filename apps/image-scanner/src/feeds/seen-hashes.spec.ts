import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { hashBytes, SeenHashes } from './seen-hashes.ts';

const hashOf = (n: number) => createHash('sha256').update(String(n)).digest().subarray(0, hashBytes);

describe('hashes that were seen', () => {
  it('tell what is new, what came twice and what is gone, however many there are', () => {
    const seen = new SeenHashes();
    const count = 10_000;
    seen.hold(Buffer.concat(Array.from({ length: count }, (_, n) => hashOf(n))));
    const fresh = Array.from({ length: count }, (_, n) => seen.meet(hashOf(n + count / 2)));
    expect(fresh.filter(Boolean)).toHaveLength(count / 2);
    expect(seen.meet(hashOf(count))).toBe(false);
    const gone = Buffer.from(seen.gone());
    const found = new Set(
      Array.from({ length: gone.length / hashBytes }, (_, n) => gone.subarray(n * 16, n * 16 + 16).toString('hex')),
    );
    expect(found).toEqual(new Set(Array.from({ length: count / 2 }, (_, n) => hashOf(n).toString('hex'))));
  });

  it('are read from any place in a buffer', () => {
    const seen = new SeenHashes();
    const odd = Buffer.concat([Buffer.from('x'), hashOf(1), hashOf(2)]).subarray(1);
    seen.hold(odd);
    expect(seen.meet(hashOf(2))).toBe(false);
    expect(Buffer.from(seen.gone())).toEqual(Buffer.from(hashOf(1)));
  });
});

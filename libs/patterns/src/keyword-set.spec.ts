import { describe, expect, it } from '@jest/globals';
import { KeywordSet } from './keyword-set.ts';

function found(words: readonly (string | Uint8Array)[], text: string | Uint8Array, options?: { ignoreCase?: boolean }) {
  const set = new KeywordSet(words, options);
  const all: string[] = [];
  set.scan(Buffer.from(text as string), set.start, (word, end) => all.push(`${String(words[word])}@${end}`));
  return all.sort();
}

describe('a keyword set', () => {
  it('finds keywords that overlap and hold each other', () => {
    expect(found(['he', 'she', 'his', 'hers'], 'ushers')).toEqual(['he@4', 'hers@6', 'she@4']);
  });

  it('finds nothing where there is nothing, and in nothing', () => {
    expect(found(['abc'], 'ab abd')).toEqual([]);
    expect(found(['abc'], '')).toEqual([]);
    expect(found([], 'abc')).toEqual([]);
  });

  it('finds a keyword across pieces', () => {
    const set = new KeywordSet(['needle']);
    const ends: number[] = [];
    let state = set.start;
    for (const piece of ['..ne', 'ed', 'le..']) state = set.scan(Buffer.from(piece), state, (_, end) => ends.push(end));
    expect(ends).toEqual([2]);
  });

  it('ignores case only when asked, and only of ASCII', () => {
    expect(found(['aKiA'], 'AKIA akia', { ignoreCase: true })).toEqual(['aKiA@4', 'aKiA@9']);
    expect(found(['akia'], 'AKIA')).toEqual([]);
    expect(found([Uint8Array.of(0xe4)], Uint8Array.of(0xc4), { ignoreCase: true })).toEqual([]);
  });

  it('finds any bytes, also when all 256 are in use', () => {
    const all = Uint8Array.from({ length: 256 }, (_, index) => index);
    expect(found([all], Buffer.concat([Buffer.from([1]), all]))).toHaveLength(1);
  });

  it('agrees with a plain search on random text', () => {
    let seed = 7;
    const random = (below: number) => {
      seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
      return Math.floor((seed / 2_147_483_648) * below);
    };
    const text = (length: number) => Array.from({ length }, () => 'abc'[random(3)]).join('');
    for (let round = 0; round < 50; round++) {
      const words = [...new Set(Array.from({ length: 8 }, () => text(1 + random(4))))];
      const hay = text(200);
      const expected = words.flatMap((word) =>
        Array.from({ length: hay.length }, (_, at) => at)
          .filter((at) => hay.startsWith(word, at))
          .map((at) => `${word}@${at + word.length}`),
      );
      expect(found(words, hay)).toEqual(expected.sort());
    }
  });

  it('refuses an empty keyword', () => {
    expect(() => new KeywordSet([''])).toThrow(RangeError);
  });
});

import { randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import * as oracle from 'shamir-secret-sharing';
import { combine, split } from './shares.ts';

describe('shares', () => {
  it('give the secret back with any five of nine', () => {
    const secret = randomBytes(32);
    const shares = split(secret, { shares: 9, threshold: 5 });
    for (const chosen of choices(9, 5)) expect(combine(chosen.map((at) => shares[at] as Buffer))).toEqual(secret);
  });

  it('give something else with four of nine', () => {
    const secret = randomBytes(32);
    const shares = split(secret, { shares: 9, threshold: 5 });
    for (const chosen of choices(9, 4)) expect(combine(chosen.map((at) => shares[at] as Buffer))).not.toEqual(secret);
  });

  it('have the values first and their place last, and no place twice', () => {
    const shares = split(randomBytes(16), { shares: 255, threshold: 2 });
    expect(shares.every((share) => share.length === 17)).toBe(true);
    const places = shares.map((share) => share[16] as number);
    expect(places.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 255 }, (_, at) => at + 1));
  });

  it("are joined by the library of Vault's layout, and join its own", async () => {
    const secret = randomBytes(32);
    const ours = split(secret, { shares: 7, threshold: 3 });
    expect(Buffer.from(await oracle.combine(ours.slice(1, 4).map((each) => new Uint8Array(each))))).toEqual(secret);
    const theirs = await oracle.split(new Uint8Array(secret), 7, 3);
    expect(combine(theirs.slice(4))).toEqual(secret);
  });

  it('are known: two points of a line', () => {
    // f(x) = 0x2a + 0x03·x: f(1) = 0x29, f(2) = 0x2c.
    expect(combine([Buffer.from([0x29, 1]), Buffer.from([0x2c, 2])])).toEqual(Buffer.from([0x2a]));
  });

  it.each([
    [{ shares: 1, threshold: 1 }],
    [{ shares: 3, threshold: 4 }],
    [{ shares: 256, threshold: 2 }],
    [{ shares: 5.5, threshold: 2 }],
    [{ shares: Number.NaN, threshold: 2 }],
  ])('are not made as %p', (scheme) => {
    expect(() => split(randomBytes(32), scheme)).toThrow(expect.objectContaining({ code: 'shares_invalid' }));
  });

  it('are not made of nothing', () => {
    const attempt = () => split(new Uint8Array(), { shares: 3, threshold: 2 });
    expect(attempt).toThrow(expect.objectContaining({ code: 'secret_empty' }));
  });

  it('are refused when they cannot be shares of one secret', () => {
    const [first, second] = split(randomBytes(32), { shares: 3, threshold: 2 }) as [Buffer, Buffer];
    const nowhere = Buffer.from(second);
    nowhere[32] = 0;
    expect(() => combine([first])).toThrow(expect.objectContaining({ code: 'shares_too_few' }));
    expect(() => combine([first, first])).toThrow(expect.objectContaining({ code: 'share_repeated' }));
    expect(() => combine([first, nowhere])).toThrow(expect.objectContaining({ code: 'share_malformed' }));
    expect(() => combine([first, second.subarray(1)])).toThrow(expect.objectContaining({ code: 'share_malformed' }));
    expect(() => combine([Buffer.of(1), Buffer.of(2)])).toThrow(expect.objectContaining({ code: 'share_malformed' }));
  });
});

/** Every way to choose `count` of the first `of` numbers. */
function choices(of: number, count: number): number[][] {
  if (count === 0) return [[]];
  return Array.from({ length: of }, (_, at) => at).flatMap((at) => choices(at, count - 1).map((rest) => [...rest, at]));
}

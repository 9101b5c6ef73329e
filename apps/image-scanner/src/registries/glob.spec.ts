import { describe, expect, it } from '@jest/globals';
import { fits, letsIn, plainNames } from './glob.ts';

describe('globs', () => {
  it.each([
    ['team/*', 'team/app', true],
    ['team/*', 'team/deep/app', true],
    ['team/*', 'other/app', false],
    ['v?.*', 'v1.2', true],
    ['v?.*', 'v10.2', false],
    ['*', '', true],
    ['a*b*c', 'axxbyybzzc', true],
    ['a*b*c', 'axxbyybzz', false],
  ])('%s and %s: %s', (glob, text, expected) => expect(fits(glob, text)).toBe(expected));

  it('takes no longer than the product of both lengths', () => {
    const started = performance.now();
    expect(fits(`${'a*'.repeat(250)}b`, 'a'.repeat(255))).toBe(false);
    expect(performance.now() - started).toBeLessThan(200);
  });

  it('lets all in that is not taken out', () => {
    expect(letsIn([], 'x')).toBe(true);
    expect(letsIn(['!x*'], 'x1')).toBe(false);
    expect(letsIn(['!x*'], 'y')).toBe(true);
    expect(letsIn(['team/*', '!team/old-*'], 'team/old-1')).toBe(false);
  });

  it('knows when no catalogue is needed', () => {
    expect(plainNames(['library/alpine'])).toEqual(['library/alpine']);
    expect(plainNames([])).toBeUndefined();
    expect(plainNames(['a', '!b'])).toBeUndefined();
  });
});

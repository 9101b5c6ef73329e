import { describe, expect, it } from '@jest/globals';
import { inverse, multiply } from './field.ts';

describe('GF(2⁸)', () => {
  it('multiplies as FIPS 197 section 4.2 does', () => {
    expect(multiply(0x57, 0x83)).toBe(0xc1);
    expect(multiply(0x57, 0x13)).toBe(0xfe);
  });

  it('has one inverse for every number but 0', () => {
    const inverses = Array.from({ length: 255 }, (_, at) => inverse(at + 1));
    expect(inverses.every((each, at) => multiply(each, at + 1) === 1)).toBe(true);
    expect(new Set(inverses).size).toBe(255);
    expect(inverse(0)).toBe(0);
  });
});

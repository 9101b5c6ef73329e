import { describe, expect, it } from '@jest/globals';
import { Allowance } from './allowance.ts';

describe('Allowance', () => {
  it('allows its number at once, and comes back with time up to that number', () => {
    let now = 0;
    const allowance = new Allowance(3, () => new Date(now));
    const taken = () => Array.from({ length: 5 }, () => allowance.take()).filter(Boolean).length;
    expect(taken()).toBe(3);
    now += 20_000;
    expect(taken()).toBe(1);
    now += 3_600_000;
    expect(taken()).toBe(3);
  });

  it('gives nothing back when the clock is set back', () => {
    let now = 60_000;
    const allowance = new Allowance(1, () => new Date(now));
    expect(allowance.take()).toBe(true);
    now = 0;
    expect(allowance.take()).toBe(false);
  });
});

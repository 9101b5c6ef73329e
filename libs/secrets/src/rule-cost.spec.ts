import { describe, expect, it } from '@jest/globals';
import { checkRule, waysOf } from './rule-cost.ts';
import { secretRules } from './secret-rules.ts';

describe('the cost of a pattern', () => {
  it.each([
    ['abc', 1],
    ['a{2,5}b', 1],
    ['a{2,5}a', 4],
    ['(?:ab){0,9}c', 1],
    ['[a-z]{0,9}[a-c]{0,9}d', 10],
    ['a|b|c', 3],
    ['a?a?a', 4],
  ])('%s tries %d ways', (source, ways) => {
    expect(waysOf(source, false)).toBe(ways);
  });

  it('takes case into account', () => {
    expect(waysOf('[a-z]{0,9}A', false)).toBe(1);
    expect(waysOf('[a-z]{0,9}A', true)).toBe(10);
  });

  it.each([['(a+)+b'], ['(a|a)*b'], ['(?:\\w{0,50}\\s?){0,50}x'], ['.*.*.*x'], ['(\\w)\\1']])(
    'refuses %s',
    (source) => {
      const rule = {
        id: 'x',
        title: '',
        severity: 'low',
        keywords: ['ab'],
        reach: 0,
        pattern: new RegExp(source),
      } as const;
      expect(() => checkRule(rule)).toThrow(expect.objectContaining({ code: 'rule_unsafe' }));
    },
  );

  it('is bounded for every rule of Gabion, of which there are 200 and more, each with a name of its own', () => {
    for (const rule of secretRules) expect(() => checkRule(rule)).not.toThrow();
    expect(new Set(secretRules.map(({ id }) => id)).size).toBe(secretRules.length);
    expect(secretRules.length).toBeGreaterThanOrEqual(200);
  });
});

import { describe, expect, it } from '@jest/globals';
import { orderOf } from './ecosystems.ts';
import { formatInterval, isEmpty, isWithin } from './interval.ts';
import { satisfiesNpm } from './npm-range.ts';
import { intervalsOf, type RangeDialect } from './range.ts';

const ecosystems: Readonly<Record<RangeDialect, string>> = {
  npm: 'npm',
  cargo: 'crates.io',
  maven: 'Maven',
  nuget: 'NuGet',
  pypi: 'PyPI',
  go: 'Go',
  gem: 'RubyGems',
  packagist: 'Packagist',
};

describe('range', () => {
  it.each([
    ['npm', '<1.2.3 || >=2.0.0 <2.1.0', ['1.2.2', '2.0.0', '2.1.0-rc.1'], ['1.2.3', '2.1.0']],
    ['npm', '^1.2.3', ['1.2.3', '1.9.0'], ['1.2.2', '2.0.0', '2.0.0-rc.1']],
    ['npm', '~0.2', ['0.2.0', '0.2.9'], ['0.3.0']],
    ['npm', '1.2.x - 2', ['1.2.0', '2.9.9'], ['1.1.9', '3.0.0']],
    ['npm', '=2.2.32 || =2.3.32', ['2.2.32', '2.3.32'], ['2.2.33']],
    ['cargo', '>=0.100.0', ['0.100.0'], ['0.99.0']],
    ['maven', '[2.0.0,2.8.11.5),(2.8.11.5,2.9.10.3]', ['2.0.0', '2.9.10.3'], ['2.8.11.5', '2.9.10.4']],
    ['maven', '(,1.5), [1.7]', ['0.1', '1.7'], ['1.5', '1.6']],
    ['nuget', '[,14.8.0)', ['14.7.9'], ['14.8.0']],
    ['pypi', '>=6.0.0,<8.0.79||==9.1', ['8.0.78', '9.1.0'], ['8.0.79', '9.1.1']],
    ['pypi', '==1.4.*,!=1.4.2', ['1.4', '1.4.1', '1.4.3.dev1'], ['1.4.2', '1.5.dev0', '1.5']],
    ['pypi', '~=2.2.1', ['2.2.1', '2.2.9'], ['2.2.0', '2.3.0']],
    ['go', '>=v1.28.0 <1.28.1||=1.30.0', ['1.28.0', 'v1.30.0'], ['1.28.1', '1.29.0']],
    ['gem', '~> 5.2.1', ['5.2.1', '5.2.9'], ['5.3.a', '5.3']],
    ['packagist', '^1.2||<= 0.5', ['1.2.0', '1.9', '0.5'], ['2.0.0', '0.6']],
    ['packagist', '*', ['0.0.1', '9'], []],
  ] as [RangeDialect, string, string[], string[]][])('%s reads %s', (dialect, text, inside, outside) => {
    const order = orderOf(ecosystems[dialect])!;
    const intervals = intervalsOf(dialect, text);
    const lies = (version: string) => intervals.some((interval) => isWithin(order, interval, version));
    expect(inside.filter((version) => !lies(version))).toEqual([]);
    expect(outside.filter(lies)).toEqual([]);
  });

  it('reads GitLab’s ways to say that no version is affected', () => {
    expect(intervalsOf('maven', '(0)')).toEqual([]);
    for (const [dialect, text] of [
      ['npm', '<0'],
      ['maven', '(,0)'],
      ['pypi', '<0'],
      ['nuget', '<0'],
    ] as const)
      expect(isEmpty(orderOf(ecosystems[dialect])!, intervalsOf(dialect, text)[0]!)).toBe(true);
  });

  it.each([
    ['npm', 'latest'],
    ['npm', '>=1.2.3.4'],
    ['maven', '[1.0,2.0'],
    ['maven', '[1,2,3]'],
    ['maven', '1.0'],
    ['pypi', '>=1 || '],
    ['pypi', '>=>1'],
    ['gem', '~> x'],
    ['npm', ' '.repeat(30_000)],
    ['maven', '['.repeat(30_000)],
  ] as [RangeDialect, string][])('%s refuses %s', (dialect, text) => {
    expect(() => intervalsOf(dialect, text)).toThrow(expect.objectContaining({ name: 'RangeSyntaxError' }));
  });
});

describe('a range that excludes versions', () => {
  it('has an interval for each gap, and none that holds nothing', () => {
    expect(intervalsOf('pypi', '>=1.0,!=1.5,!=1.5,<2.0')).toEqual([
      { from: '1.0', before: '1.5' },
      { after: '1.5', before: '2.0' },
    ]);
  });

  it('is read in no time however often it excludes one, and refused when it falls into too many', () => {
    expect(intervalsOf('pypi', Array(2000).fill('!=1.5').join(','))).toEqual([{ before: '1.5' }, { after: '1.5' }]);
    const many = Array.from({ length: 2000 }, (_, i) => `!=1.${i}`).join(',');
    expect(() => intervalsOf('go', many)).toThrow(expect.objectContaining({ code: 'range_too_long' }));
  });
});

describe('interval', () => {
  it('is written as bounds', () => {
    expect(formatInterval({ from: '1', before: '2' })).toBe('>= 1, < 2');
    expect(formatInterval({ from: '1', through: '1' })).toBe('= 1');
    expect(formatInterval({})).toBe('');
  });

  it('is empty when its bounds have crossed', () => {
    const order = orderOf('npm')!;
    expect(isEmpty(order, { from: '2.0.0', before: '1.0.0' })).toBe(true);
    expect(isEmpty(order, { from: '1.0.0', before: '1.0.0' })).toBe(true);
    expect(isEmpty(order, { from: '1.0.0', through: '1.0.0' })).toBe(false);
  });
});

describe('satisfiesNpm', () => {
  // node-semver README, "Prerelease Tags".
  it.each([
    ['1.2.3-alpha.7', '>1.2.3-alpha.3', true],
    ['3.4.5-alpha.9', '>1.2.3-alpha.3', false],
    ['3.4.5', '>1.2.3-alpha.3', true],
  ])('%s in %s: %s', (version, range, expected) => expect(satisfiesNpm(version, range)).toBe(expected));
});

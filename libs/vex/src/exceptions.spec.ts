import { describe, expect, it } from '@jest/globals';
import { type ExceptionScope, exceptionFor } from './exceptions.ts';
import { agreesWithGlob } from './glob.ts';
import { leftOutBy } from './views.ts';

const now = new Date('2026-06-01T00:00:00Z');
const finding = {
  id: 'f1',
  kind: 'vulnerability',
  vulnerabilityIds: ['CVE-2026-1', 'GHSA-x'],
  purl: 'pkg:npm/lodash@4.17.4',
  path: 'app/node_modules/lodash/package.json',
};
const excepted = (scope: ExceptionScope, expiresAt = '2026-06-02T00:00:00Z') =>
  exceptionFor(
    finding,
    'registry.example/team/app:1.2',
    [{ id: 'e', owner: 'o', reason: 'r', expiresAt, scope }],
    now,
  ) !== undefined;

describe('exceptions', () => {
  it.each<[ExceptionScope, boolean]>([
    [{ vulnerabilityId: 'ghsa-X' }, true],
    [{ vulnerabilityId: 'CVE-2026-2' }, false],
    [{ purl: 'pkg:npm/lodash' }, true],
    [{ purl: 'pkg:npm/lodash@4.17.5' }, false],
    [{ path: '/app/**' }, true],
    [{ path: 'app/*' }, false],
    [{ findingId: 'f1', kind: 'secret' }, false],
    [{ vulnerabilityId: 'CVE-2026-1', image: 'registry.example/team/*' }, true],
    [{ vulnerabilityId: 'CVE-2026-1', image: 'registry.example/team/app' }, true],
    [{ vulnerabilityId: 'CVE-2026-1', image: 'registry.example/other/*' }, false],
    [{ image: '**' }, false],
    [{ kind: 'vulnerability' }, false],
    [{}, false],
  ])('%j: %s', (scope, is) => expect(excepted(scope)).toBe(is));

  it('never hides anything once it has ended, whatever it is about', () => {
    const scopes: ExceptionScope[] = [
      { vulnerabilityId: 'CVE-2026-1' },
      { purl: 'pkg:npm/lodash' },
      { path: '**' },
      { findingId: 'f1' },
    ];
    const ends = [
      '2026-06-01T00:00:00Z',
      '2026-05-31T23:59:59.999Z',
      '1970-01-01T00:00:00Z',
      '',
      'soon',
      '2026-06-01T02:00:00+02:00',
    ];
    for (const scope of scopes) for (const end of ends) expect(excepted(scope, end)).toBe(false);
  });
});

describe('globs', () => {
  it.each([
    ['a/**/b', 'a/b', true],
    ['a/**/b', 'a/x/y/b', true],
    ['a/**/b', 'a/xb', false],
    ['*.pem', 'x.pem', true],
    ['*.pem', 'd/x.pem', false],
    ['**/*.pem', 'd/e/x.pem', true],
    ['a?c', 'a/c', false],
    ['a.c', 'abc', false],
  ])('%s and %s: %s', (glob, text, is) => expect(agreesWithGlob(glob, text)).toBe(is));

  it('takes time in proportion', () => {
    expect(agreesWithGlob('*a'.repeat(100), 'a'.repeat(4000))).toBe(true);
    expect(agreesWithGlob(`${'**a'.repeat(100)}b`, 'a'.repeat(4000))).toBe(false);
  });
});

describe('views', () => {
  it('leaves out what has no fix, or has had one for a few days', () => {
    expect(leftOutBy({ fixableOnly: true }, {}, now)).toBe('fixable_only');
    const fixed = { fixedVersion: '1', fixReleasedAt: '2026-05-30' };
    expect(leftOutBy({ fixableOnly: true, gracePeriodDays: 7 }, fixed, now)).toBe('grace_period');
    expect(leftOutBy({ gracePeriodDays: 2 }, fixed, now)).toBeUndefined();
    expect(leftOutBy({ gracePeriodDays: 7 }, { fixedVersion: '1' }, now)).toBeUndefined();
  });
});

import { describe, expect, it } from '@jest/globals';
import { judgeLicences } from './policy.ts';

const verdict = (names: string[], allow: string[], deny: string[]) => judgeLicences(names, { allow, deny }).verdict;

describe('licence policy', () => {
  it('lets the user choose among alternatives', () => {
    expect(judgeLicences(['GPL-3.0-only OR MIT'], { allow: [], deny: ['strong-copyleft'] })).toEqual({
      licence: 'GPL-3.0-only OR MIT',
      category: 'permissive',
      verdict: 'allowed',
    });
  });

  it('holds the worst of what applies together', () => {
    expect(verdict(['GPL-3.0-only AND MIT'], [], ['strong-copyleft'])).toBe('denied');
    expect(verdict(['GPL-3.0-only', 'MIT'], [], ['strong-copyleft'])).toBe('denied');
  });

  it('takes the licence before its category', () => {
    expect(verdict(['LGPL-2.1-only'], ['LGPL-2.1-only'], ['weak-copyleft'])).toBe('allowed');
    expect(verdict(['LGPL-2.1-only'], ['weak-copyleft'], ['lgpl-2.1-only'])).toBe('denied');
  });

  it('denies what an allow list leaves out, and says when it does not know', () => {
    expect(verdict(['ISC'], ['MIT'], [])).toBe('denied');
    expect(verdict(['see LICENSE'], ['MIT'], [])).toBe('unknown');
    expect(verdict(['see LICENSE'], [], ['unknown'])).toBe('denied');
    expect(verdict([], [], [])).toBe('unknown');
  });

  it('knows the exceptions that let others link', () => {
    const judged = judgeLicences(['GPL-2.0-with-classpath-exception'], { allow: [], deny: ['strong-copyleft'] });
    expect(judged).toMatchObject({ category: 'weak-copyleft', verdict: 'allowed' });
  });

  it.each([
    ['AGPL-3.0-or-later', 'network-copyleft'],
    ['MPL-2.0', 'weak-copyleft'],
    ['CC0-1.0', 'public-domain'],
    ['BUSL-1.1', 'proprietary'],
    ['Zlib', 'permissive'],
    ['LicenseRef-foo', 'unknown'],
  ])('%s is %s', (id, category) => expect(judgeLicences([id], { allow: [], deny: [] }).category).toBe(category));
});

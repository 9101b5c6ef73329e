import { describe, expect, it } from '@jest/globals';
import { formatExpression, licencesIn, parseExpression } from './expression.ts';

const round = (text: string) => formatExpression(parseExpression(text));
const refusal = (text: string) => {
  try {
    parseExpression(text);
  } catch (error) {
    return (error as { code: string }).code;
  }
  return undefined;
};

describe('licence expressions', () => {
  it('binds WITH before AND before OR (SPDX 2.3, D.4.5)', () => {
    expect(parseExpression('MIT OR Apache-2.0 AND GPL-2.0-only WITH Classpath-exception-2.0')).toEqual({
      kind: 'or',
      parts: [
        { kind: 'licence', id: 'MIT', isOrLater: false },
        {
          kind: 'and',
          parts: [
            { kind: 'licence', id: 'Apache-2.0', isOrLater: false },
            { kind: 'licence', id: 'GPL-2.0-only', isOrLater: false, exception: 'Classpath-exception-2.0' },
          ],
        },
      ],
    });
  });

  it.each([
    ['mit', 'MIT'],
    ['MIT and (apache-2.0 or ISC)', 'MIT AND (Apache-2.0 OR ISC)'],
    ['((MIT))', 'MIT'],
    ['(MIT OR ISC) OR Zlib', 'MIT OR ISC OR Zlib'],
    ['Apache-1.0+', 'Apache-1.0+'],
    ['DocumentRef-a:LicenseRef-b', 'DocumentRef-a:LicenseRef-b'],
  ])('writes %s as %s', (text, written) => {
    expect(round(text)).toBe(written);
    expect(round(written)).toBe(written);
  });

  it.each([
    ['', 'expression_malformed'],
    ['MIT OR', 'expression_malformed'],
    ['(MIT', 'expression_malformed'],
    ['MIT ISC', 'expression_malformed'],
    ['MIT)', 'expression_malformed'],
    ['MIT WITH Nothing', 'exception_unknown'],
    ['BSD', 'licence_unknown'],
    [`${'('.repeat(100)}MIT${')'.repeat(100)}`, 'expression_too_deep'],
    ['MIT OR '.repeat(2000), 'expression_too_long'],
  ])('refuses %j', (text, code) => expect(refusal(text)).toBe(code));

  it('names each licence once', () => {
    expect(licencesIn(parseExpression('MIT AND (ISC OR MIT)')).map(({ id }) => id)).toEqual(['MIT', 'ISC']);
  });
});

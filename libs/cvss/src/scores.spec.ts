import { describe, expect, it } from '@jest/globals';
import { ratingOf } from './rating.ts';
import { scoresOf } from './scores.ts';
import { parseVector } from './vector.ts';

const scored = (text: string) => scoresOf(parseVector(text));

describe('scores of CVSS 2.0', () => {
  // CVSS v2.0 Complete Documentation, 3.3.1 to 3.3.3.
  it.each([
    ['AV:N/AC:L/Au:N/C:N/I:N/A:C/E:F/RL:OF/RC:C/CDP:H/TD:H/CR:M/IR:M/AR:H', 7.8, 6.4, 9.2],
    ['AV:N/AC:L/Au:N/C:C/I:C/A:C/E:F/RL:OF/RC:C/CDP:H/TD:H/CR:M/IR:M/AR:L', 10, 8.3, 9],
    ['AV:L/AC:H/Au:N/C:C/I:C/A:C/E:POC/RL:OF/RC:C/CDP:H/TD:H/CR:M/IR:M/AR:M', 6.2, 4.9, 7.5],
  ])('scores the worked example %s', (text, base, temporal, environmental) => {
    expect(scored(text)).toEqual({ base, temporal, environmental, overall: environmental });
  });

  it('is 0 without impact', () => expect(scored('AV:N/AC:L/Au:N/C:N/I:N/A:N').base).toBe(0));

  it('rounds a half up although its binary fraction lies below', () => {
    // (6.1 + 3.9 × 0.5) × 1 = 8.05
    expect(scored('AV:A/AC:L/Au:S/C:C/I:N/A:C/E:H/RL:TF/RC:UR/CDP:H/TD:ND/CR:ND/IR:L/AR:M').environmental).toBe(8.1);
  });
});

describe('scores of CVSS 3.0 and 3.1', () => {
  // CVSS v3.1 Examples document.
  it.each([
    ['CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N', 7.5],
    ['CVSS:3.0/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N', 6.1],
    ['CVSS:3.1/AV:N/AC:L/PR:L/UI:N/S:C/C:H/I:H/A:H', 9.9],
    ['CVSS:3.1/AV:P/AC:H/PR:H/UI:R/S:U/C:N/I:N/A:N', 0],
  ])('scores the example %s', (text, base) => expect(scored(text).base).toBe(base));

  it('rounds up an exact tenth to itself', () => {
    // 2.5 × 0.92 = 2.3, which binary arithmetic makes 2.3000000000000003.
    expect(scored('CVSS:3.0/AV:L/AC:H/PR:L/UI:N/S:U/C:N/I:N/A:L/RC:U').temporal).toBe(2.3);
  });

  it('lets modified metrics and requirements move the environmental score only', () => {
    const scores = scored('CVSS:3.1/AV:N/AC:L/PR:H/UI:N/S:U/C:L/I:L/A:N/CR:H/IR:H/AR:H');
    expect(scores).toEqual({ base: 3.8, temporal: undefined, environmental: 4.8, overall: 4.8 });
  });
});

describe('scores of CVSS 4.0', () => {
  // CVSS v4.0 Examples document.
  it.each([
    ['CVSS:4.0/AV:L/AC:L/AT:P/PR:L/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N', 7.3],
    ['CVSS:4.0/AV:N/AC:L/AT:P/PR:N/UI:P/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N', 7.7],
    ['CVSS:4.0/AV:A/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:N/SC:N/SI:N/SA:N/MSI:S/S:P', 9.7],
    ['CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:N/VI:N/VA:N/SC:N/SI:N/SA:N', 0],
  ])('scores the example %s', (text, overall) => expect(scored(text).overall).toBe(overall));

  it('leaves threat and environmental metrics out of the base score', () => {
    const scores = scored('CVSS:4.0/AV:N/AC:L/AT:P/PR:N/UI:P/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N/E:U');
    expect([scores.base, scores.overall]).toEqual([7.7, 5.2]);
  });
});

describe('rating', () => {
  it('follows the scale of the 3.x specification', () => {
    expect([0, 0.1, 3.9, 4, 6.9, 7, 8.9, 9, 10].map((score) => ratingOf(score, '3.1'))).toEqual(
      ['none', 'low', 'low', 'medium', 'medium', 'high', 'high', 'critical', 'critical'], //
    );
  });

  it('knows no critical for 2.0', () => expect(ratingOf(10, '2.0')).toBe('high'));
});

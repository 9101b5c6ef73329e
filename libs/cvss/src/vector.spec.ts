import { describe, expect, it } from '@jest/globals';
import { formatVector, parseVector } from './vector.ts';

describe('vector', () => {
  it.each([
    'AV:L/AC:H/Au:N/C:C/I:C/A:C/E:F/RL:OF/RC:UR/CDP:LM/TD:ND/CR:ND/IR:ND/AR:ND',
    'CVSS:3.1/AV:N/AC:L/PR:H/UI:N/S:U/C:L/I:L/A:N/E:F/RL:X',
    'CVSS:3.0/S:U/AV:N/AC:L/PR:H/UI:N/C:L/I:L/A:N',
    'CVSS:4.0/AV:P/AC:H/AT:P/PR:L/UI:P/VC:H/VI:H/VA:H/SC:L/SI:L/SA:L/E:A/S:P/AU:Y/R:A/V:D/RE:L/U:Red',
  ])('reads back what it writes: %s', (text) => expect(formatVector(parseVector(text))).toBe(text));

  it.each([
    ['a version that does not exist', 'CVSS:3.3/AV:N', 'version_unknown'],
    ['a metric of another version', 'CVSS:3.1/AV:N/AT:N', 'metric_unknown'],
    ['a value that the metric has not', 'CVSS:3.1/AV:X', 'metric_value_unknown'],
    ['a metric given twice', 'CVSS:3.1/AV:N/AC:L/AV:N', 'metric_repeated'],
    ['a missing base metric', 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H', 'metric_missing'],
    ['a temporal group of 2.0 in part', 'AV:A/AC:L/Au:N/C:C/I:C/A:C/E:F', 'metric_missing'],
    ['metrics of 2.0 out of order', 'AV:A/AC:L/Au:N/A:C/I:C/C:C', 'metric_out_of_order'],
    ['metrics of 4.0 out of order', 'CVSS:4.0/AV:N/AC:L/PR:H/AT:N', 'metric_out_of_order'],
    ['an empty metric', 'CVSS:4.0//', 'vector_malformed'],
    ['a metric without value', 'CVSS:3.1/AV:', 'vector_malformed'],
    ['an empty text', '', 'vector_malformed'],
    ['a text without end', '/'.repeat(100_000), 'vector_malformed'],
    ['a name of Object.prototype', 'CVSS:3.1/constructor:N', 'metric_unknown'],
  ])('refuses %s', (_, text, code) => {
    expect(() => parseVector(text)).toThrow(expect.objectContaining({ name: 'CvssError', code }));
  });
});

import { describe, expect, it } from '@jest/globals';
import { sampleResult } from '../test/sample-result.ts';
import { countsOf } from './counts.ts';
import { suppressed } from './suppress.ts';

const now = new Date('2026-02-01T00:00:00Z');
const nothing = { statements: [], exceptions: [], view: {}, now };
const statement = {
  vulnerabilities: ['GHSA-x4qr-2fvf-3mr5'],
  products: [
    { purls: ['pkg:deb/debian/openssl?arch=source'], digests: [], references: [], versions: [], subcomponents: [] },
  ],
  status: 'not_affected' as const,
  timestamp: '2026-01-01T00:00:00Z',
  author: 'Debian',
  documentId: 'vex-1',
};
const exception = {
  id: 'e-1',
  owner: 'team',
  reason: 'test image',
  expiresAt: '2026-02-02T00:00:00Z',
  scope: { ruleId: 'aws-access-token' },
};
const kinds = (by: object) =>
  suppressed(sampleResult, { ...nothing, ...by })
    .findings.filter(({ suppressedBy }) => suppressedBy)
    .map(({ kind, suppressedBy }) => `${kind} ${suppressedBy!.kind} ${suppressedBy!.id}`);

describe('suppression', () => {
  it('follows statements, exceptions and the view', () => {
    expect(kinds({})).toEqual([]);
    expect(kinds({ statements: [statement] })).toEqual(['vulnerability vex vex-1']);
    expect(kinds({ statements: [{ ...statement, status: 'affected' }] })).toEqual([]);
    expect(kinds({ exceptions: [exception] })).toEqual(['secret exception e-1']);
    expect(kinds({ exceptions: [exception], now: new Date(exception.expiresAt) })).toEqual([]);
  });

  it('gives no grace to what is exploited', () => {
    const view = { gracePeriodDays: 10_000 };
    expect(kinds({ view })).toEqual([]);
    const findings = sampleResult.findings.map((finding) => {
      const { kev: _kev, ...rest } = { kev: undefined, ...finding };
      return rest as typeof finding;
    });
    const left = suppressed({ ...sampleResult, findings }, { ...nothing, view });
    expect(left.findings[0]?.suppressedBy?.id).toBe('grace_period');
    expect(countsOf(left.findings)).toMatchObject({
      suppressed: 1,
      exploited: 0,
      kinds: { vulnerability: 0, secret: 1 },
    });
  });
});

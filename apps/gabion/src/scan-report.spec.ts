import { stripVTControlCharacters } from 'node:util';
import { create } from '@bufbuild/protobuf';
import { FindingSchema, ScanSchema, Severity } from '@gabion/contracts/gabion/scan/v1/scans_pb';
import { describe, expect, it } from '@jest/globals';
import { report } from './scan-report.ts';

const scan = create(ScanSchema, {
  target: 'registry.example/app:1',
  imageDigest: 'sha256:00',
  platform: 'linux/amd64',
  severityCounts: { high: 1, low: 1 },
  warnings: [{ code: 'no_advisories', message: 'npm was not judged' }],
});
const findings = [
  create(FindingSchema, {
    vulnerabilityId: 'CVE-2024-0001',
    severity: Severity.HIGH,
    package: {
      name: 'a-package-with-a-very-long-name-that-fills-lines',
      version: '1:2.34.5+dfsg-6~deb12u7+really2.33',
    },
    fixedVersion: '1:2.34.5+dfsg-6~deb12u8',
  }),
  create(FindingSchema, {
    vulnerabilityId: 'CVE-2024-0002',
    severity: Severity.LOW,
    package: { name: 'zlib', version: '1.2' },
  }),
];

describe('a report', () => {
  it('fits a terminal of 80 columns, severities whole and in colour', () => {
    const text = report(scan, findings, { isTTY: true, columns: 80 });
    expect(text).toContain('\x1b[31mhigh\x1b[39m');
    const lines = stripVTControlCharacters(text).split('\n');
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
    expect(lines).toContainEqual(expect.stringMatching(/^high {6}CVE-2024-0001 {2}a-package\S*… .*…$/));
  });

  it('is plain where NO_COLOR asks for it', () => {
    process.env.NO_COLOR = '1';
    try {
      expect(report(scan, findings, { isTTY: true, columns: 100 })).not.toContain('\x1b');
    } finally {
      delete process.env.NO_COLOR;
    }
  });

  it('sums up, names what was not judged, and shows a dash where no version is without the vulnerability', () => {
    const text = report(scan, findings, {});
    expect(text).toContain('warning: npm was not judged [no_advisories]');
    expect(text).toMatch(/^low +CVE-2024-0002 +zlib +1\.2 +-$/m);
    expect(text).toMatch(/\n2 findings: 1 high, 1 low; 1 with a fixed version\n$/);
  });
});

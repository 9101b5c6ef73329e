import { readSbom } from '@gabion/sbom/read';
import { readVex } from '@gabion/vex/read';
import { describe, expect, it } from '@jest/globals';
import { options, sampleResult, vulnerability } from '../test/sample-result.ts';
import { contentTypes, type ReportFormat, render } from './render.ts';
import type { ScanResult } from './scan-result.ts';

const formats = Object.keys(contentTypes) as ReportFormat[];
const parsed = (format: ReportFormat, result = sampleResult) => JSON.parse(render(result, format, options));

const hostile = '\u001b[31m<script>alert(1)</script>|`[x](javascript:alert(1))`\r\n@team \u202e\u0000"\'';
const hostileResult: ScanResult = {
  ...sampleResult,
  target: hostile,
  packages: sampleResult.packages.map((each) => ({ ...each, name: hostile, licenses: [hostile], path: hostile })),
  findings: sampleResult.findings.map((finding) => ({
    ...finding,
    path: hostile,
    ...(finding.kind === 'vulnerability' && {
      summary: hostile,
      vulnerabilityId: hostile,
      advisory: { source: hostile, id: hostile, url: 'javascript:alert(1)', rule: hostile },
    }),
    ...(finding.kind === 'secret' && { redacted: hostile, ruleId: hostile }),
  })),
  warnings: [{ code: hostile, message: hostile }],
};

describe('every format', () => {
  it.each(formats)('%s says the same for the same result', (format) => {
    expect(render(structuredClone(sampleResult), format, { ...options })).toBe(render(sampleResult, format, options));
  });

  it.each(formats)('%s copes with nothing found', (format) => {
    const nothing = { ...sampleResult, packages: [], findings: [], layers: [], warnings: [] };
    expect(render(nothing, format, options)).not.toMatch(/undefined|NaN|\[object/);
  });

  it.each(formats)('%s lets no control character through', (format) => {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: what must not be there
    expect(render(hostileResult, format, options)).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f]/);
  });
});

describe('table', () => {
  it('reads well', () => {
    expect(render(sampleResult, 'table', { ...options, width: 110 })).toBe(
      `registry.example/app:1.2  sha256:${'cd'.repeat(32)}
linux/amd64, Debian GNU/Linux 11 (bullseye) (end of life 2026-08-31, out of support)
1 package; findings: 2 critical, 1 high, 1 medium, 1 low; 1 fixable; 1 known to be exploited
warning file_too_large: opt/big was not read

Malware (1)
SEVERITY  NAME                           FILE
critical  Eicar-Test-Signature (clamav)  tmp/eicar.com

Vulnerabilities (1)
SEVERITY  VULNERABILITY  PACKAGE    INSTALLED         FIXED IN          NOTE
high      CVE-2023-0286  libssl1.1  1.1.1n-0+deb11u3  1.1.1n-0+deb11u4  exploited! X.400 address type confusi…

Secrets (1)
SEVERITY  RULE              WHERE                              MATCH
critical  aws-access-token  root/.aws/credentials:3 (deleted)  aws_secret = ****

Configuration (1)
SEVERITY  CHECK            MESSAGE         REMEDY
medium    GABION-IMG-0001  no USER is set  Set USER

Licences (1)
SEVERITY  PACKAGE                     LICENCE                             VERDICT
low       libssl1.1 1.1.1n-0+deb11u3  GPL-2.0-or-later (strong-copyleft)  denied

What to do
  apt-get install -y libssl1.1=1.1.1n-0+deb11u4
  then left: none
`,
    );
  });

  it('keeps to the width and colours only when asked', () => {
    const table = render(sampleResult, 'table', { ...options, width: 60 });
    const rows = table.split('\n').filter((line) => /^(critical|high|medium|low) /.test(line));
    expect(Math.max(...rows.map((row) => row.length))).toBeLessThanOrEqual(60);
    expect(render(sampleResult, 'table', { ...options, isColoured: true })).toContain('\u001b[31mhigh\u001b[0m');
  });
});

describe('many findings', () => {
  it.each(['table', 'sarif', 'markdown', 'openvex'] as const)('%s copes with 150,000', (format) => {
    const findings = Array.from({ length: 150_000 }, (_, i) => ({ ...vulnerability, id: `f-${i}` }));
    expect(render({ ...sampleResult, findings }, format, options)).not.toBe('');
  });
});

describe('SARIF', () => {
  it('tells of rule, place and identity', () => {
    const [run] = parsed('sarif').runs;
    const result = run.results.find((each: { ruleId: string }) => each.ruleId === 'CVE-2023-0286');
    expect(result).toMatchObject({
      level: 'error',
      message: { text: 'libssl1.1 1.1.1n-0+deb11u3: X.400 address type confusion: Upgrade to 1.1.1n-0+deb11u4' },
      locations: [
        {
          physicalLocation: {
            artifactLocation: { uri: 'var/lib/dpkg/status', uriBaseId: 'IMAGE' },
            region: { startLine: 1 },
          },
        },
      ],
      partialFingerprints: { 'gabionFinding/v1': 'f-1' },
      properties: { createdBy: 'ADD rootfs', isKnownExploited: true },
    });
    expect(run.tool.driver.rules[result.ruleIndex]).toMatchObject({
      id: 'CVE-2023-0286',
      properties: { 'security-severity': '7.4' },
    });
  });

  it('stays within the limit of GitHub and says so', () => {
    const findings = Array.from({ length: 25_010 }, (_, i) => ({ ...vulnerability, id: `f-${i}` }));
    const [run] = parsed('sarif', { ...sampleResult, findings }).runs;
    expect(run.results).toHaveLength(25_000);
    expect(run.invocations[0].toolExecutionNotifications[0].message.text).toContain('10 findings');
  });
});

describe('Markdown', () => {
  it('is never longer than asked and says that it is not all', () => {
    const findings = Array.from({ length: 2_000 }, (_, i) => ({ ...vulnerability, id: `f-${i}` }));
    const markdown = render({ ...sampleResult, findings }, 'markdown', { ...options, maxLength: 5_000 });
    expect(markdown.length).toBeLessThanOrEqual(5_000);
    expect(markdown).toContain('there are 2000 findings');
  });

  it('holds no markup but its own', () => {
    const markdown = render(hostileResult, 'markdown', options);
    expect(markdown).not.toMatch(/<script|<a|[^\\]\]\(javascript|(?<!&#64;)@team/);
    // Every row of a table has its four cells.
    const rows = markdown.split('\n').filter((line) => line.startsWith('|'));
    for (const row of rows) expect(row.match(/(?<!\\)\|/g)).toHaveLength(5);
  });
});

describe('HTML', () => {
  it('holds no markup but its own, and links to nothing but the web', () => {
    const html = render(hostileResult, 'html', options);
    expect(html).not.toMatch(/<script|javascript:alert\(1\)"|href="javascript/);
    expect(html).toContain('&#60;script&#62;');
  });

  it('forbids scripts and all that is elsewhere', () => {
    expect(render(sampleResult, 'html', options)).toMatch(/default-src 'none'; style-src 'sha256-[^']+'"/);
  });
});

describe('documents', () => {
  it('CycloneDX holds packages and vulnerabilities', () => {
    expect(readSbom(Buffer.from(render(sampleResult, 'cyclonedx', options))).packages).toHaveLength(1);
    expect(parsed('cyclonedx').vulnerabilities).toMatchObject([
      {
        id: 'CVE-2023-0286',
        cwes: [843],
        recommendation: 'Upgrade to 1.1.1n-0+deb11u4',
        affects: [{ ref: sampleResult.packages[0]!.purl }],
      },
    ]);
    expect(parsed('spdx').packages).toHaveLength(3);
  });

  it.each(['openvex', 'csaf', 'cyclonedx'] as const)('%s says what was decided', (format) => {
    const suppressedBy = {
      kind: 'vex',
      id: 'd',
      status: 'not_affected',
      justification: 'vulnerable_code_not_present',
      reason: 'not built in',
      owner: 'team',
    } as const;
    const result = { ...sampleResult, findings: [{ ...vulnerability, suppressedBy }] };
    const { statements } = readVex(Buffer.from(render(result, format, options)));
    expect(statements).toMatchObject([
      { status: 'not_affected', justification: 'vulnerable_code_not_present', impact: 'not built in' },
    ]);
    expect(readVex(Buffer.from(render(sampleResult, 'openvex', options))).statements[0]).toMatchObject({
      status: 'affected',
      action: 'Upgrade to 1.1.1n-0+deb11u4',
    });
  });

  it('refuses a version that it cannot write', () => {
    expect(() => render(sampleResult, 'cyclonedx', { ...options, formatVersion: '1.1' })).toThrow(
      expect.objectContaining({ code: 'format_version_unsupported' }),
    );
  });

  it('GitLab and JUnit tell of what counts', () => {
    expect(parsed('gitlab').vulnerabilities).toMatchObject([{ id: 'f-1', severity: 'High' }]);
    expect(render(sampleResult, 'junit', options).match(/<failure /g)).toHaveLength(5);
  });
});

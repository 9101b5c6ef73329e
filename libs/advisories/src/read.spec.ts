import { describe, expect, it } from '@jest/globals';
import type { Advisory } from './advisory.ts';
import { readFeedFile } from './read.ts';

const read = (text: string) => readFeedFile({ path: 'file', bytes: Buffer.from(text) }, { source: 'test' });

function advisories(text: string): readonly Advisory[] {
  const reading = read(text);
  if ('skipped' in reading) throw new Error(reading.skipped);
  return reading.advisories;
}

const osv = (about: object) => JSON.stringify({ id: 'X-1', modified: '2026-01-01T00:00:00Z', ...about });
const affected = (events: object[], type = 'SEMVER', ecosystem = 'npm') => [
  { package: { ecosystem, name: 'left-pad' }, ranges: [{ type, events }] },
];

describe('OSV', () => {
  it('turns events into intervals, in the order of versions', () => {
    const events = [{ introduced: '2.0.0' }, { fixed: '1.10.0' }, { introduced: '0' }, { last_affected: '2.3.0' }];
    expect(advisories(osv({ affected: affected(events) }))[0]?.affected[0]?.intervals).toEqual([
      { before: '1.10.0' },
      { from: '2.0.0', through: '2.3.0' },
    ]);
  });

  it('leaves an interval without end open and ends one at a limit', () => {
    const of = (events: object[]) => advisories(osv({ affected: affected(events) }))[0]?.affected[0]?.intervals;
    expect(of([{ introduced: '1.0.0' }])).toEqual([{ from: '1.0.0' }]);
    expect(of([{ introduced: '0' }, { limit: '*' }])).toEqual([{}]);
    expect(of([{ introduced: '0' }, { fixed: '1.0.0' }, { introduced: '2.0.0' }, { fixed: '2.0.0' }])).toEqual([
      { before: '1.0.0' },
    ]);
    expect(of([{ introduced: '0' }, { limit: '3.0.0' }])).toEqual([{ before: '3.0.0' }]);
  });

  it('keeps of the listed versions those that no interval holds', () => {
    const [item] = affected([{ introduced: '0' }, { fixed: '1.0a2' }], 'ECOSYSTEM', 'PyPI');
    const [entry] = advisories(osv({ affected: [{ ...item, versions: ['1.0a1', '3.0'] }] }))[0]!.affected;
    expect(entry?.versions).toEqual(['3.0']);
  });

  it('leaves out commits', () => {
    expect(advisories(osv({ affected: affected([{ introduced: '0' }], 'GIT') }))[0]?.affected).toEqual([]);
  });

  it('names the CVE and scores the worst vector', () => {
    const severity = [
      { type: 'CVSS_V2', score: 'AV:N/AC:L/Au:N/C:C/I:C/A:C' },
      { type: 'CVSS_V3', score: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N' },
      { type: 'CVSS_V3', score: 'nonsense' },
    ];
    expect(advisories(osv({ aliases: ['GHSA-1', 'CVE-2026-1'], severity }))[0]).toMatchObject({
      vulnerabilities: ['CVE-2026-1'],
      cvss: { vector: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N', score: 7.5 },
    });
  });

  it('takes the CVEs that an erratum fixes, and none of a bug fix', () => {
    const errata = (id: string, related: string[]) =>
      osv({ id, related, summary: 'Important: x update', affected: [] });
    expect(advisories(errata('ALSA-2026:1', ['CVE-2026-1', 'CVE-2026-2']))[0]).toMatchObject({
      vulnerabilities: ['CVE-2026-1', 'CVE-2026-2'],
      severity: 'high',
    });
    expect(advisories(errata('ALBA-2026:1', []))[0]?.vulnerabilities).toEqual([]);
  });

  it('reads arrays, YAML and withdrawal', () => {
    expect(advisories(`[${osv({})}, ${osv({ id: 'X-2', withdrawn: '2026-01-02T00:00:00Z' })}]`)).toMatchObject([
      { id: 'X-1', isWithdrawn: false },
      { id: 'X-2', isWithdrawn: true },
    ]);
    const yaml = 'id: X-3\naffected:\n- package:\n    name: Foo_Bar\n    ecosystem: PyPI\n  versions: ["1.0"]\n';
    expect(advisories(yaml)[0]?.affected).toMatchObject([{ name: 'foo-bar', versions: ['1.0'] }]);
  });
});

describe('Alpine secdb', () => {
  const secfixes = { '1.1-r1': ['CVE-2026-1 GHSA-aa-1', 'XSA-9 CVE-2026-2'], '0': ['CVE-2026-3'] };
  const database = { distroversion: 'v3.20', reponame: 'main', packages: [{ pkg: { name: 'musl', secfixes } }] };

  it('reads the JSON of the site', () => {
    const found = advisories(JSON.stringify(database));
    expect(found.map(({ id }) => id).sort()).toEqual(['CVE-2026-1', 'CVE-2026-2', 'CVE-2026-3']);
    expect(found.find(({ id }) => id === 'CVE-2026-1')).toMatchObject({
      aliases: ['GHSA-aa-1'],
      affected: [{ ecosystem: 'Alpine:v3.20', name: 'musl', intervals: [{ before: '1.1-r1' }] }],
    });
  });

  it('reads a version 0 as never affected', () => {
    const never = advisories(JSON.stringify(database)).find(({ id }) => id === 'CVE-2026-3');
    expect(never?.affected[0]).toMatchObject({ status: 'not_affected', intervals: [] });
  });

  it('reads the YAML of the repository, empty ones too', () => {
    const yaml =
      '---\ndistroversion: v3.3\npackages:\n  - pkg:\n      name: a\n      secfixes:\n        1-r0:\n          - CVE-2026-1\n';
    expect(advisories(yaml)).toHaveLength(1);
    expect(advisories('distroversion: v3.3\npackages:\n')).toEqual([]);
  });
});

describe('lists of Debian', () => {
  const list = `[02 Mar 2026] DSA-9001-1 foo - security update
	{CVE-2026-1 CVE-2026-2}
	[bookworm] - foo 1:2.0-1+deb12u1
	[bullseye] - foo <not-affected> (introduced later)
	[buster] - foo <end-of-life> (no support)
	NOTE: an update
[1 Mar 2026] DLA-9000-2 bar - regression update
	[bullseye] - bar 1.0-2
[01 Mar 2026] DSA-9000-1 baz - security update
	[trixie] - baz <unfixed>
`;

  it('reads verdicts by release', () => {
    const [first] = advisories(list);
    expect(first).toMatchObject({
      id: 'DSA-9001-1',
      vulnerabilities: ['CVE-2026-1', 'CVE-2026-2'],
      modified: '2026-03-02',
    });
    expect(first?.affected.map(({ ecosystem, status, intervals }) => [ecosystem, status, intervals])).toEqual([
      ['Debian:12', 'affected', [{ before: '1:2.0-1+deb12u1' }]],
      ['Debian:11', 'not_affected', []],
      ['Debian:10', 'end_of_life', [{}]],
    ]);
  });

  it('tells updates that mend no vulnerability from those without CVE', () => {
    expect(advisories(list).map(({ vulnerabilities }) => vulnerabilities.length)).toEqual([2, 0, 1]);
    expect(advisories(list)[2]?.affected[0]).toMatchObject({ ecosystem: 'Debian:13', status: 'unfixed' });
  });
});

describe('GitLab', () => {
  const yaml = (slug: string, range: string, more = '') => `---
identifier: "GMS-2026-1"
identifiers:
- "GMS-2026-1"
- "CVE-2026-1"
package_slug: "${slug}"
title: "Folded
  \\"title\\""
affected_range: "${range}"
fixed_versions:
- "1.2.3"
versions:
- number: "1.0"
${more}`;

  it('reads package, range and names', () => {
    expect(advisories(yaml('maven/org.example/lib', '[1.0,1.2.3)'))[0]).toMatchObject({
      id: 'GMS-2026-1',
      vulnerabilities: ['CVE-2026-1'],
      summary: 'Folded "title"',
      affected: [
        { ecosystem: 'Maven', name: 'org.example:lib', intervals: [{ from: '1.0', before: '1.2.3' }], fixed: [] },
      ],
    });
    expect(advisories(yaml('npm/@scope/lib', '<=1.2.2'))[0]?.affected[0]).toMatchObject({
      name: '@scope/lib',
      fixed: ['1.2.3'],
    });
  });

  it('answers the same through the full parser', () => {
    const folded = yaml('npm/lib', '<1.0.0', 'description: >\n  other\n  style\n');
    expect(advisories(folded)).toEqual(advisories(yaml('npm/lib', '<1.0.0')));
  });

  it('affects nothing with an empty range', () => expect(advisories(yaml('npm/lib', '<0'))[0]?.affected).toEqual([]));

  it('skips packages of no ecosystem and ranges it cannot read, with the reason', () => {
    expect(read(yaml('constructor/lib', '<1'))).toEqual({ skipped: 'no ecosystem for "constructor/lib"' });
    expect(read(yaml('npm/lib', 'latest'))).toEqual({ skipped: expect.stringContaining('no version of a range') });
  });
});

describe('hostile files', () => {
  const bomb = `id: x\na: &a [1,1]\nb: &b [*a,*a]\naffected: [*b,*b]\n`;
  it.each([
    ['aliases', bomb],
    ['nesting', `id: x\naffected: ${'['.repeat(50_000)}`],
    ['nesting by dashes', `id: x\naffected:\n${'- '.repeat(50_000)}`],
    ['nesting of JSON', `{"id":"x","affected":${'['.repeat(50_000)}`],
    ['bytes that are no UTF-8', 'id: \xff'],
    ['nothing', '  \n'],
    ['another document', '{"dataType":"CVE_RECORD"}'],
  ])('skips %s with a reason', (_, text) => {
    const bytes = Buffer.from(text, text.includes('\xff') ? 'latin1' : 'utf8');
    expect(readFeedFile({ path: 'x', bytes }, { source: 'test' })).toEqual({ skipped: expect.stringMatching(/./) });
  });

  it('skips a format that was not asked for', () => {
    const file = { path: 'x', bytes: Buffer.from(osv({})) };
    expect(readFeedFile(file, { source: 'test', format: 'gitlab' })).toEqual({ skipped: 'is osv, not gitlab' });
  });
});

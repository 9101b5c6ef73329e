import { describe, expect, it } from '@jest/globals';
import { type Advisory, type Affected, affectedEntries } from './advisory.ts';
import { type InstalledPackage, isJudgeable, lookupOf, match } from './match.ts';

const npm: InstalledPackage = { ecosystem: 'npm', name: 'left-pad', version: '1.5.0' };
const debian: InstalledPackage = {
  ecosystem: 'Debian:11',
  name: 'libldap-2.4-2',
  version: '2.4.57+dfsg-3',
  sourceName: 'openldap',
  sourceVersion: '2.4.57+dfsg-3',
};

function advisory(about: Partial<Advisory>, affected: Partial<Affected> = {}) {
  const place = { ecosystem: 'npm', name: 'left-pad', status: 'affected', versions: [], fixed: [] } as const;
  return affectedEntries({
    source: 'test',
    format: 'osv',
    id: 'GHSA-a',
    aliases: [],
    vulnerabilities: [about.id ?? 'GHSA-a'],
    summary: '',
    url: 'https://example.org/a',
    isWithdrawn: false,
    ...about,
    affected: [{ ...place, intervals: [{ before: '2.0.0' }], ...affected }],
  });
}

const openldap = (about: Partial<Advisory>, affected: Partial<Affected>) =>
  advisory(
    { format: 'debian_lists', id: 'DSA-1-1', vulnerabilities: ['CVE-2023-1', 'CVE-2023-2'], ...about },
    {
      ecosystem: 'Debian:11',
      name: 'openldap',
      ...affected,
    },
  );

describe('match', () => {
  it('judges a Debian package by its source and names rule and fix', () => {
    const found = match(debian, openldap({}, { intervals: [{ before: '2.4.57+dfsg-3+deb11u1' }] }));
    expect(found.map(({ vulnerabilityId }) => vulnerabilityId)).toEqual(['CVE-2023-1', 'CVE-2023-2']);
    expect(found[0]).toMatchObject({
      rule: 'openldap < 2.4.57+dfsg-3+deb11u1',
      fixedVersion: '2.4.57+dfsg-3+deb11u1',
      advisory: { source: 'test', id: 'DSA-1-1' },
      aliases: [],
      severity: 'unknown',
    });
  });

  it('does not call a vulnerability by the name of an erratum', () => {
    const entries = openldap({ vulnerabilities: ['CVE-2023-1'] }, { intervals: [{}] });
    expect(match(debian, entries)).toMatchObject([{ vulnerabilityId: 'CVE-2023-1', aliases: [] }]);
  });

  it('looks a Debian package up by its source, an npm package by its name', () => {
    expect(lookupOf(debian)).toEqual({ ecosystem: 'Debian:11', name: 'openldap' });
    expect(lookupOf(npm)).toEqual({ ecosystem: 'npm', name: 'left-pad' });
    expect(lookupOf({ ecosystem: 'PyPI', name: 'Foo_Bar', version: '1' }).name).toBe('foo-bar');
  });

  it('ignores entries of another release, another ecosystem and another name', () => {
    const all = [
      ...openldap({}, { ecosystem: 'Debian:10', intervals: [{}] }),
      ...openldap({}, { ecosystem: 'npm', intervals: [{}] }),
      ...openldap({}, { name: 'openldap-extra', intervals: [{}] }),
    ];
    expect(match(debian, all)).toEqual([]);
  });

  it('finds nothing in the fixed version', () => {
    const fixed = { ...debian, sourceVersion: '2.4.57+dfsg-3+deb11u1' };
    expect(match(fixed, openldap({}, { intervals: [{ before: '2.4.57+dfsg-3+deb11u1' }] }))).toEqual([]);
  });

  it('takes the word of the distribution against an aggregator', () => {
    const entries = [
      ...openldap({ vulnerabilities: ['CVE-2023-1'] }, { status: 'not_affected', intervals: [] }),
      ...openldap({ format: 'osv', id: 'CVE-2023-1', vulnerabilities: ['CVE-2023-1'] }, { intervals: [{}] }),
    ];
    expect(match(debian, entries)).toEqual([]);
  });

  it('reports what is not fixed, without a fix', () => {
    const [found] = match(debian, openldap({}, { status: 'unfixed', intervals: [{}] }));
    expect(found).toMatchObject({ rule: 'openldap in every version' });
    expect(found).not.toHaveProperty('fixedVersion');
  });

  it('names the fix of the branch that is installed', () => {
    const intervals = [{ before: '1.4.2' }, { from: '1.5.0', before: '1.5.3' }, { from: '2.0.0', before: '2.1.0' }];
    expect(match(npm, advisory({}, { intervals }))[0]).toMatchObject({
      rule: 'left-pad >= 1.5.0, < 1.5.3',
      fixedVersion: '1.5.3',
    });
  });

  it('does not name a fix that is itself affected', () => {
    const intervals = [{ before: '1.6.0' }, { from: '1.6.0', through: '1.7.0' }];
    expect(match(npm, advisory({}, { intervals, fixed: ['1.8.0'] }))[0]?.fixedVersion).toBe('1.8.0');
  });

  it('makes one finding of a vulnerability that two sources tell of', () => {
    const cvss = { vector: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H', score: 9.8 };
    const found = match(npm, [
      ...advisory({ format: 'gitlab', source: 'glad', id: 'GMS-1', aliases: ['GHSA-a'], cvss }),
      ...advisory({ id: 'GHSA-a', aliases: ['CVE-2024-9'], vulnerabilities: ['CVE-2024-9'], summary: 'Pads too far' }),
    ]);
    expect(found).toHaveLength(1);
    expect(found[0]).toMatchObject({
      vulnerabilityId: 'CVE-2024-9',
      aliases: ['GHSA-a', 'GMS-1'],
      severity: 'critical',
      cvss,
      summary: 'Pads too far',
      advisory: { id: 'GHSA-a' },
    });
  });

  it('keeps two CVEs apart that share a name', () => {
    const found = match(npm, [
      ...advisory({ id: 'PYSEC-1', aliases: ['CVE-2024-1', 'GHSA-a'], vulnerabilities: ['CVE-2024-1'] }),
      ...advisory({ id: 'PYSEC-2', aliases: ['CVE-2024-2', 'GHSA-a'], vulnerabilities: ['CVE-2024-2'] }),
    ]);
    expect(found.map(({ vulnerabilityId }) => vulnerabilityId).sort()).toEqual(['CVE-2024-1', 'CVE-2024-2']);
  });

  it('keeps the source’s own severity before the one of the score', () => {
    const cvss = { vector: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H', score: 9.8 };
    expect(match(npm, advisory({ severity: 'medium', cvss }))[0]?.severity).toBe('medium');
  });

  it('asks for the later of two fixes by one source', () => {
    const alpine = { ecosystem: 'Alpine:v3.10', name: 'musl', version: '1.1.22-r0' };
    const fix = (before: string) =>
      advisory({ format: 'alpine_secdb', id: 'CVE-2019-1' }, { ...alpine, intervals: [{ before }] });
    expect(match(alpine, [...fix('1.1.22-r3'), ...fix('1.1.22-r2')])[0]).toMatchObject({
      fixedVersion: '1.1.22-r3',
      rule: 'musl < 1.1.22-r3',
    });
    expect(match({ ...alpine, version: '1.1.22-r2' }, [...fix('1.1.22-r3'), ...fix('1.1.22-r2')])).toHaveLength(1);
  });

  it.each([
    ['Debian:11', 'linux-libc-dev', 'linux', []],
    ['Debian:11', 'linux-headers-5.10.0-20-common', 'linux', []],
    ['Debian:11', 'linux-image-5.10.0-20-amd64', 'linux', ['CVE-2023-9']],
    ['Alpine:v3.10', 'linux-headers', 'linux-headers', []],
  ])('charges of %s %s what is its own', (ecosystem, name, sourceName, expected) => {
    const entries = advisory({ id: 'CVE-2023-9' }, { ecosystem, name: sourceName, intervals: [{}] });
    const found = match({ ecosystem, name, sourceName, version: '5.10.1' }, entries);
    expect(found.map(({ vulnerabilityId }) => vulnerabilityId)).toEqual(expected);
  });

  it('judges no version that its ecosystem cannot order', () => {
    const broken = { ...npm, version: 'latest' };
    expect(match(broken, advisory({}))).toEqual([]);
    expect([isJudgeable(broken), isJudgeable(npm), isJudgeable(debian)]).toEqual([false, true, true]);
  });

  it('stores nothing of a withdrawn advisory', () => expect(advisory({ isWithdrawn: true })).toEqual([]));

  it('survives JSON', () => {
    const entries = advisory({ aliases: ['CVE-2024-9'] });
    expect(match(npm, JSON.parse(JSON.stringify(entries)))).toEqual(match(npm, entries));
  });
});

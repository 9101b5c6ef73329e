import { describe, expect, it } from '@jest/globals';
import { affectedEntries } from './advisory.ts';
import { lifecycleOf } from './end-of-life.ts';
import { match } from './match.ts';
import { publicFeeds } from './public-feeds.ts';
import { readFeedFile } from './read.ts';

function read(content: unknown, path = 'file') {
  const bytes = Buffer.from(typeof content === 'string' ? content : JSON.stringify(content));
  const reading = readFeedFile({ path, bytes }, { source: 'test' });
  if ('skipped' in reading) throw new Error(reading.skipped);
  return reading;
}

describe('facts', () => {
  it('reads EPSS with its head and as a snapshot', () => {
    const csv =
      '#model_version:v2026.01.01,score_date:2026-02-03T00:00:00Z\ncve,epss,percentile\nCVE-2026-0001,0.5,0.9\n';
    expect(read(csv).facts).toEqual([
      { id: 'CVE-2026-0001', epss: { score: 0.5, percentile: 0.9, date: '2026-02-03' } },
    ]);
    expect(read('CVE-2020-9999;0.07632;0.94039\r\n').facts[0]?.epss).toEqual({
      score: 0.07632,
      percentile: 0.94039,
      date: '',
    });
  });

  it('refuses a table with a line that is no score', () => {
    const broken = Buffer.from('CVE-2020-9999;0.07;0.94\nCVE-2020-9998;7;0.94\n');
    expect(readFeedFile({ path: 'x.csv', bytes: broken }, { source: 'test' })).toEqual({
      skipped: expect.stringContaining('line 2'),
    });
  });

  it('reads KEV', () => {
    const entry = {
      cveID: 'CVE-2026-0001',
      dateAdded: '2026-01-02',
      dueDate: '2026-01-23',
      knownRansomwareCampaignUse: 'Known',
      cwes: ['CWE-79'],
      vulnerabilityName: 'X',
    };
    expect(read({ catalogVersion: '1', vulnerabilities: [entry] }).facts).toEqual([
      {
        id: 'CVE-2026-0001',
        kev: { addedOn: '2026-01-02', dueOn: '2026-01-23', isUsedByRansomware: true },
        summary: 'X',
        cwes: ['CWE-79'],
      },
    ]);
  });

  it('reads both interfaces of endoflife.date', () => {
    const old = [
      { cycle: '11', eol: '2024-08-14', extendedSupport: '2026-08-31' },
      { cycle: '14', eol: false },
    ];
    const expected = [{ ecosystem: 'Debian:11', endOfLife: '2024-08-14', extendedSupport: '2026-08-31' }];
    expect(read(old, 'api/debian.json').lifecycles).toEqual(expected);
    const releases = [{ name: '11', eolFrom: '2024-08-14', eoesFrom: '2026-08-31' }];
    expect(read({ schema_version: '1.2.0', result: { name: 'debian', releases } }).lifecycles).toEqual(expected);
  });

  it('knows ends of life without a feed, and takes the feed’s first', () => {
    expect(lifecycleOf('Debian:10')).toMatchObject({ endOfLife: '2022-09-10' });
    expect(lifecycleOf('Debian:10', [{ ecosystem: 'Debian:10', endOfLife: '2030-01-01' }])?.endOfLife).toBe(
      '2030-01-01',
    );
    expect(lifecycleOf('npm')).toBeUndefined();
  });
});

describe('the NVD', () => {
  const cpe = (criteria: string, bounds: object = {}) => ({
    vulnerable: true,
    criteria: `cpe:2.3:a:${criteria}:*:*:*:*:*:*:*`,
    ...bounds,
  });
  const record = (cpeMatch: object[], operator?: string) => ({
    vulnerabilities: [
      {
        cve: {
          id: 'CVE-2026-0001',
          vulnStatus: 'Analyzed',
          descriptions: [{ lang: 'en', value: 'A weakness' }],
          metrics: {
            cvssMetricV31: [
              { type: 'Primary', cvssData: { vectorString: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N' } },
            ],
          },
          weaknesses: [{ description: [{ lang: 'en', value: 'CWE-79' }] }],
          configurations: [{ operator, nodes: [{ operator: 'OR', cpeMatch }] }],
        },
      },
    ],
  });
  const openssl = { type: 'generic', ecosystem: '', name: 'openssl', version: '1.1.1k' };
  const matches = (document: unknown, pkg: Parameters<typeof match>[0]) =>
    match(pkg, read(document).advisories.flatMap(affectedEntries));

  it('gives facts of every record', () => {
    expect(read(record([])).facts[0]).toMatchObject({
      id: 'CVE-2026-0001',
      scores: [{ score: 7.5 }],
      cwes: ['CWE-79'],
      summary: 'A weakness',
    });
  });

  it('judges programs without a package manager by their own CPEs only', () => {
    const range = record([cpe('openssl:openssl:*', { versionStartIncluding: '1.1.1', versionEndExcluding: '1.1.1l' })]);
    expect(matches(range, openssl)).toMatchObject([{ vulnerabilityId: 'CVE-2026-0001', fixedVersion: '1.1.1l' }]);
    expect(matches(range, { ...openssl, version: '1.1.1l' })).toEqual([]);
    expect(matches(range, { ...openssl, version: '1.1.0' })).toEqual([]);
    expect(matches(range, { ecosystem: 'npm', name: 'openssl', version: '1.1.1' })).toEqual([]);
    expect(matches(record([cpe('siemens:openssl:*')]), openssl)).toEqual([]);
  });

  it('leaves out what holds on some platform only', () => {
    expect(read(record([cpe('openssl:openssl:*')], 'AND')).advisories).toEqual([]);
  });
});

describe('RustSec', () => {
  const advisory = (versions: string, more = '') =>
    `\`\`\`toml\n[advisory]\nid = "RUSTSEC-2026-0001"\npackage = "foo"\ndate = "2026-01-02"\naliases = ["CVE-2026-0001"]\n${more}\n[versions]\n${versions}\n\`\`\`\n\n# A title\n\nText.\n`;
  const rules = (text: string, version: string) =>
    match(
      { ecosystem: 'crates.io', name: 'foo', version },
      read(text, 'crates/foo/RUSTSEC-2026-0001.md').advisories.flatMap(affectedEntries),
    );

  it('judges by what is neither patched nor unaffected', () => {
    const text = advisory('patched = ["^1.4.5", ">= 2.0.1"]\nunaffected = ["< 1.2.0"]');
    expect(
      ['1.1.0', '1.2.0', '1.4.4', '1.4.5', '1.9.0', '2.0.0', '2.0.1'].map((version) => rules(text, version).length),
    ).toEqual([0, 1, 1, 0, 0, 1, 0]);
    expect(rules(text, '1.3.0')[0]).toMatchObject({
      vulnerabilityId: 'CVE-2026-0001',
      fixedVersion: '1.4.5',
      summary: 'A title',
    });
  });

  it.each([
    ['informational', advisory('patched = []', 'informational = "unmaintained"')],
    ['toolchain', advisory('patched = []', 'collection = "rust"')],
  ])('leaves out what is no vulnerability of a crate: %s', (reason, text) => {
    expect(readFeedFile({ path: 'x.md', bytes: Buffer.from(text) }, { source: 'test' })).toEqual({
      skipped: expect.stringContaining(reason),
    });
  });

  it('stores nothing of a withdrawn one', () =>
    expect(rules(advisory('patched = []', 'withdrawn = "2026-02-02"'), '1.0.0')).toEqual([]));
});

describe('malicious packages', () => {
  it('are told from packages with a weakness', () => {
    const osv = {
      id: 'MAL-2026-1',
      modified: '2026-01-01T00:00:00Z',
      affected: [{ package: { ecosystem: 'npm', name: 'evil' }, versions: ['1.0.0'] }],
    };
    const found = match(
      { ecosystem: 'npm', name: 'evil', version: '1.0.0' },
      read(osv).advisories.flatMap(affectedEntries),
    );
    expect(found).toMatchObject([{ vulnerabilityId: 'MAL-2026-1', isMalicious: true }]);
  });
});

describe('public feeds', () => {
  it('have names and addresses of their own', () => {
    const urls = publicFeeds.flatMap((feed) => feed.urls);
    expect(new Set(publicFeeds.map(({ name }) => name)).size).toBe(publicFeeds.length);
    expect(new Set(urls).size).toBe(urls.length);
    for (const url of urls) expect(new URL(url.replace('{year}', '2026')).protocol).toBe('https:');
  });
});

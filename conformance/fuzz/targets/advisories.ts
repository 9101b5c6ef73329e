import { gzipSync, zstdCompressSync } from 'node:zlib';
import { affectedEntries } from '@gabion/advisories/advisory';
import { match } from '@gabion/advisories/match';
import { readFeedFile } from '@gabion/advisories/read';
import { walkArchive } from '@gabion/advisories/walk';
import { layerTar } from '@gabion/testkit/layer-tar';
import { zipSync } from 'fflate';
import { type Target, texts } from '../target.ts';

const osv = {
  id: 'GHSA-1',
  modified: '2026-01-01T00:00:00Z',
  aliases: ['CVE-2026-0001'],
  severity: [{ type: 'CVSS_V3', score: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H' }],
  affected: [
    {
      package: { ecosystem: 'npm', name: 'a' },
      ranges: [{ type: 'SEMVER', events: [{ introduced: '0' }, { fixed: '1.0.0' }] }],
      versions: ['0.1.0'],
    },
  ],
};
const oval =
  '<?xml version="1.0"?><oval_definitions xmlns="http://oval.mitre.org/XMLSchema/oval-definitions-5"><definitions><definition class="patch" id="oval:a:def:1"><metadata><title>ELSA-2026-0001: a security update (IMPORTANT)</title><affected family="unix"><platform>Oracle Linux 9</platform></affected><reference source="CVE" ref_id="CVE-2026-0001"/><description>x</description><advisory><severity>IMPORTANT</severity></advisory></metadata><criteria operator="AND"><criterion test_ref="oval:a:tst:1" comment="a is earlier than 0:1-1.el9"/></criteria></definition></definitions><tests><rpminfo_test id="oval:a:tst:1" comment="a"><object object_ref="oval:a:obj:1"/><state state_ref="oval:a:ste:1"/></rpminfo_test></tests><objects><rpminfo_object id="oval:a:obj:1"><name>a</name></rpminfo_object></objects><states><rpminfo_state id="oval:a:ste:1"><evr datatype="evr_string" operation="less than">0:1-1.el9</evr></rpminfo_state></states></oval_definitions>';
const updateinfo =
  '<?xml version="1.0"?><updates><update type="security"><id>ALAS2-2026-1</id><title>x</title><severity>important</severity><references><reference id="CVE-2026-0001" type="cve"/></references><pkglist><collection short="amazon-linux-2"><package name="a" epoch="0" version="1" release="1.amzn2" arch="x86_64"><filename>a-1-1.amzn2.x86_64.rpm</filename></package></collection></pkglist></update></updates>';
const csaf = {
  document: {
    csaf_version: '2.0',
    title: 'x',
    publisher: { name: 'Red Hat' },
    tracking: { id: 'CVE-2026-0001', current_release_date: '2026-01-01T00:00:00Z' },
  },
  product_tree: {
    branches: [
      {
        category: 'vendor',
        name: 'Red Hat',
        branches: [
          {
            category: 'product_name',
            name: 'rhel',
            product: {
              name: 'Red Hat Enterprise Linux 9',
              product_id: 'BaseOS-9',
              product_identification_helper: { cpe: 'cpe:/o:redhat:enterprise_linux:9::baseos' },
            },
          },
          {
            category: 'product_version',
            name: 'a',
            product: {
              name: 'a',
              product_id: 'a-0:1-1.el9.src',
              product_identification_helper: { purl: 'pkg:rpm/redhat/a@1-1.el9?arch=src' },
            },
          },
        ],
      },
    ],
    relationships: [
      {
        category: 'default_component_of',
        product_reference: 'a-0:1-1.el9.src',
        relates_to_product_reference: 'BaseOS-9',
        full_product_name: { name: 'x', product_id: 'BaseOS-9:a-0:1-1.el9.src' },
      },
    ],
  },
  vulnerabilities: [
    {
      cve: 'CVE-2026-0001',
      product_status: { fixed: ['BaseOS-9:a-0:1-1.el9.src'] },
      threats: [{ category: 'impact', details: 'Important' }],
    },
  ],
};
const nvd = {
  format: 'NVD_CVE',
  vulnerabilities: [
    {
      cve: {
        id: 'CVE-2026-0001',
        vulnStatus: 'Analyzed',
        lastModified: '2026-01-01T00:00:00',
        descriptions: [{ lang: 'en', value: 'x' }],
        metrics: { cvssMetricV31: [{ cvssData: { vectorString: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H' } }] },
        configurations: [
          {
            nodes: [
              {
                operator: 'OR',
                cpeMatch: [
                  {
                    vulnerable: true,
                    criteria: 'cpe:2.3:a:openssl:openssl:*:*:*:*:*:*:*:*',
                    versionStartIncluding: '3.0.0',
                    versionEndExcluding: '3.0.7',
                  },
                ],
              },
            ],
          },
        ],
      },
    },
  ],
};

const feed = (name: string, path: string, ...samples: readonly (string | object)[]): Target => ({
  name: `feed-${name}`,
  samples: texts(...samples),
  errors: [],
  run: (input) => isRead(path, input),
});

/** Feeds of advisories, and the archives they come in. */
export const advisoryTargets: readonly Target[] = [
  feed('osv', 'a.json', osv),
  feed(
    'osv-yaml',
    'a.yaml',
    'id: X-1\nmodified: "2026-01-01T00:00:00Z"\naffected:\n- package:\n    name: a\n    ecosystem: PyPI\n  ranges:\n  - type: ECOSYSTEM\n    events:\n    - introduced: "0"\n    - fixed: "2"\n  versions:\n  - 1.0.0\n',
  ),
  feed('debian-tracker', 'tracker.json', {
    curl: {
      'CVE-2026-0001': {
        releases: {
          bookworm: { status: 'resolved', fixed_version: '1', urgency: 'low', repositories: { bookworm: '1' } },
        },
      },
    },
  }),
  feed(
    'debian-lists',
    'DSA/list',
    '[02 Mar 2026] DSA-9001-1 foo - security update\n\t{CVE-2026-0001}\n\t[bookworm] - foo 1:2.0-1+deb12u1\n',
  ),
  feed(
    'ubuntu-tracker',
    'active/CVE-2026-0001',
    'Candidate: CVE-2026-0001\nPublicDate: 2026-01-01\nPriority: low\nPatches_foo:\njammy_foo: released (1.0)\nnoble_foo: needed\n',
  ),
  feed('alpine-secdb', 'main.json', {
    distroversion: 'v3.18',
    reponame: 'main',
    urlprefix: 'https://a',
    packages: [{ pkg: { name: 'a', secfixes: { '1.0-r0': ['CVE-2026-0001 CVE-2026-0002'] } } }],
  }),
  feed('csaf', 'a.json', csaf),
  feed('updateinfo', 'updateinfo.xml', updateinfo),
  feed('oval', 'oval.xml', oval),
  feed(
    'gitlab',
    'npm/a/CVE-2026-0001.yml',
    '---\nidentifier: "CVE-2026-0001"\npackage_slug: "npm/a"\ntitle: "x"\nidentifiers:\n- "CVE-2026-0001"\naffected_range: "<1.0.0||>=2.0.0 <2.1.0"\nfixed_versions:\n- "1.0.0"\n',
  ),
  feed(
    'rustsec',
    'crates/a/RUSTSEC-2026-0001.md',
    '```toml\n[advisory]\nid = "RUSTSEC-2026-0001"\npackage = "a"\ndate = "2026-01-01"\naliases = ["CVE-2026-0001"]\n[versions]\npatched = [">= 1.0.0", "^0.9.3"]\n```\n# T\n',
  ),
  feed('nvd', 'nvd.json', nvd),
  feed(
    'epss',
    'epss.csv',
    '#model_version:v2025.03.14,score_date:2026-01-01T00:00:00+0000\ncve,epss,percentile\nCVE-2026-0001,0.5,0.5\n',
  ),
  feed('kev', 'kev.json', {
    title: 'x',
    catalogVersion: '1',
    vulnerabilities: [
      { cveID: 'CVE-2026-0001', dateAdded: '2026-01-01', dueDate: '2026-02-01', knownRansomwareCampaignUse: 'Known' },
    ],
  }),
  feed('arch', 'all.json', [
    {
      name: 'AVG-1',
      packages: ['a'],
      status: 'Fixed',
      severity: 'High',
      type: 'x',
      affected: '1-1',
      fixed: '1-2',
      issues: ['CVE-2026-0001'],
    },
  ]),
  feed('endoflife', 'debian.json', [{ cycle: '12', eol: '2028-06-30', releaseDate: '2023-06-10' }]),
  {
    name: 'feed-archive',
    samples: [
      Buffer.from(zipSync({ 'a.json': Buffer.from(JSON.stringify(osv)), 'b/c.txt': Buffer.alloc(3000, 'x') })),
      gzipSync(layerTar([{ path: 'a.json', content: JSON.stringify(osv) }])),
      zstdCompressSync(layerTar([{ path: 'a.json', content: JSON.stringify(osv) }])),
      Buffer.from('425a683931415926535914ddc9c60000024180001064c02000300cd0024a7a3fc5dc914e14240537727180', 'hex'),
    ].slice(0, 3),
    errors: ['AdvisoryError'],
    run: async (input) => {
      let isAny = false;
      for await (const file of walkArchive(input)) {
        readFeedFile(file, { source: 'fuzz' });
        isAny = true;
      }
      return isAny;
    },
  },
];

/** Whether a feed file tells of anything; what it tells of is matched, too. */
function isRead(path: string, bytes: Buffer): boolean {
  const reading = readFeedFile({ path, bytes }, { source: 'fuzz' });
  if ('skipped' in reading) return false;
  for (const entry of reading.advisories.flatMap(affectedEntries).slice(0, 50))
    match({ ecosystem: entry.ecosystem, name: entry.name, version: '1.0.0' }, [entry]);
  return true;
}

import { describe, expect, it } from '@jest/globals';
import { affectedEntries } from './advisory.ts';
import { type InstalledPackage, lookupsOf, match } from './match.ts';
import { type ReadOptions, readFeedFile } from './read.ts';

function read(content: unknown, path = 'file.json', options: Partial<ReadOptions> = {}) {
  const bytes = Buffer.from(typeof content === 'string' ? content : JSON.stringify(content));
  const reading = readFeedFile({ path, bytes }, { source: 'test', ...options });
  if ('skipped' in reading) throw new Error(reading.skipped);
  return reading;
}

/** Vulnerability, status and fix of each match, by the feed alone. */
function found(content: unknown, pkg: InstalledPackage, path?: string, options?: Partial<ReadOptions>) {
  const entries = read(content, path, options).advisories.flatMap(affectedEntries);
  return match(pkg, JSON.parse(JSON.stringify(entries))).map(({ vulnerabilityId, status, fixedVersion }) =>
    [vulnerabilityId, status, fixedVersion].filter(Boolean).join(' '),
  );
}

describe('Debian’s tracker', () => {
  const releases = (said: object) => ({ releases: { bookworm: said }, description: 'x', scope: 'remote' });
  const tracker = {
    curl: {
      'CVE-2026-0001': releases({
        status: 'resolved',
        fixed_version: '7.88.1-10+deb12u5',
        urgency: 'not yet assigned',
      }),
      'CVE-2026-0002': releases({ status: 'resolved', fixed_version: '0', urgency: 'low' }),
      'CVE-2026-0003': releases({ status: 'open', urgency: 'unimportant' }),
      'CVE-2026-0004': releases({ status: 'open', urgency: 'low**', nodsa: 'Minor issue', nodsa_reason: '' }),
      'CVE-2026-0005': releases({ status: 'open', urgency: 'medium', nodsa: 'x', nodsa_reason: 'ignored' }),
      'CVE-2026-0006': releases({ status: 'undetermined', urgency: 'medium' }),
      'CVE-2026-0007': releases({ status: 'open', urgency: 'end-of-life' }),
    },
  };
  const pkg = { ecosystem: 'Debian:12', name: 'libcurl4', sourceName: 'curl', version: '7.88.1-10+deb12u4' };

  it('tells what is fixed, never had, open, deferred and ignored', () => {
    expect(found(tracker, pkg)).toEqual([
      'CVE-2026-0001 affected 7.88.1-10+deb12u5',
      'CVE-2026-0003 unfixed',
      'CVE-2026-0004 fix_deferred',
      'CVE-2026-0005 will_not_fix',
      'CVE-2026-0007 end_of_life',
    ]);
  });

  it('counts before the lists, which do not tell of single vulnerabilities', () => {
    const list = '[02 Mar 2026] DSA-9001-1 curl - security update\n\t{CVE-2026-0002}\n\t[bookworm] - curl 9.0-1\n';
    const entries = [tracker, list].flatMap((each) => read(each).advisories.flatMap(affectedEntries));
    expect(match(pkg, entries).map(({ vulnerabilityId }) => vulnerabilityId)).not.toContain('CVE-2026-0002');
  });

  it('takes urgency as severity', () => {
    const entries = read(tracker).advisories.flatMap(affectedEntries);
    const severities = match(pkg, entries).map(({ severity }) => severity);
    expect(severities).toEqual(['unknown', 'negligible', 'low', 'medium', 'unknown']);
  });
});

describe('Ubuntu', () => {
  const record = `Candidate: CVE-2026-1000
PublicDate: 2026-01-02 03:04:05 UTC
Description:
 A weakness in
 libfoo
Priority: medium
CVSS:
 nvd: CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N [7.5 HIGH]
Patches_foo:
upstream_foo: released (2.0)
bionic_foo: ignored (end of standard support, was needed)
esm-infra/bionic_foo: released (1.0-1ubuntu0.1+esm2)
jammy_foo: released (1.2-0ubuntu1.3)
noble_foo: not-affected (2.1-1)
plucky_foo: DNE
focal_foo: deferred (2026-02-01)
oracular_foo: needs-triage
`;
  const pkg = (release: string, version: string) => ({ ecosystem: `Ubuntu:${release}`, name: 'foo', version });

  it('reads the tracker’s states by release', () => {
    const of = (release: string, version = '1.0-1') => found(record, pkg(release, version), 'active/CVE-2026-1000');
    expect(of('22.04')).toEqual(['CVE-2026-1000 affected 1.2-0ubuntu1.3']);
    expect(of('24.04')).toEqual([]);
    expect(of('20.04')).toEqual(['CVE-2026-1000 fix_deferred']);
    expect(of('24.10')).toEqual(['CVE-2026-1000 under_investigation']);
    expect(of('25.04')).toEqual([]);
  });

  it('judges by Ubuntu Pro only what was built for it', () => {
    expect(found(record, pkg('18.04', '1.0-1'))).toEqual(['CVE-2026-1000 end_of_life']);
    expect(found(record, pkg('18.04', '1.0-1ubuntu0.1+esm1'))).toEqual(['CVE-2026-1000 affected 1.0-1ubuntu0.1+esm2']);
    expect(found(record, pkg('18.04', '1.0-1ubuntu0.1+esm2'))).toEqual([]);
  });

  it('drops LTS from the names of OSV and takes the CVE from upstream', () => {
    const affected = [
      {
        package: { ecosystem: 'Ubuntu:22.04:LTS', name: 'foo' },
        ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }, { fixed: '1.2' }] }],
      },
    ];
    const osv = { id: 'UBUNTU-CVE-2026-1', modified: '2026-01-01T00:00:00Z', upstream: ['CVE-2026-0001'], affected };
    expect(found(osv, pkg('22.04', '1.1'))).toEqual(['CVE-2026-0001 affected 1.2']);
  });
});

describe('Wolfi and Chainguard', () => {
  it.each([
    ['Wolfi', 'https://packages.wolfi.dev'],
    ['Chainguard', 'https://packages.cgr.dev/chainguard'],
  ])('are told apart: %s', (ecosystem, urlprefix) => {
    const secfixes = { '1.1-r0': ['CVE-2026-0001', 'GHSA-aaaa-bbbb-cccc'], '0': ['CVE-2026-0002'] };
    const db = {
      apkurl: '{{urlprefix}}/{{reponame}}',
      urlprefix,
      reponame: 'os',
      packages: [{ pkg: { name: 'foo', secfixes } }],
    };
    expect(found(db, { ecosystem, name: 'foo', version: '1.0-r9' })).toEqual([
      'CVE-2026-0001 affected 1.1-r0',
      'GHSA-aaaa-bbbb-cccc affected 1.1-r0',
    ]);
  });
});

describe('Red Hat’s VEX', () => {
  const product = (id: string, helper: object) => ({
    category: 'product_version',
    name: id,
    product: { name: id, product_id: id, product_identification_helper: helper },
  });
  const relation = (product_reference: string, relates_to_product_reference: string) => ({
    category: 'default_component_of',
    product_reference,
    relates_to_product_reference,
    full_product_name: { name: 'x', product_id: `${relates_to_product_reference}:${product_reference}` },
  });
  const src = 'openssl-1:3.0.7-25.el9_3.src';
  const mod = 'nodejs:16:9020020260101:rhel9';
  const node = 'nodejs-1:16.20.2-2.module+el9.2.0+1+a.x86_64';
  const vex = {
    document: {
      category: 'csaf_vex',
      csaf_version: '2.0',
      title: 'openssl',
      tracking: { id: 'CVE-2026-0100', current_release_date: '2026-02-01T00:00:00Z' },
    },
    product_tree: {
      branches: [
        {
          category: 'vendor',
          name: 'Red Hat',
          branches: [
            product('AppStream-9', { cpe: 'cpe:/a:redhat:enterprise_linux:9::appstream' }),
            product('AppStream-9.0.EUS', { cpe: 'cpe:/a:redhat:rhel_eus:9.0::appstream' }),
            product('red_hat_enterprise_linux_8', { cpe: 'cpe:/o:redhat:enterprise_linux:8' }),
            product(src, { purl: 'pkg:rpm/redhat/openssl@3.0.7-25.el9_3?arch=src&epoch=1' }),
            product('openssl-libs-1:3.0.7-25.el9_3.x86_64', {
              purl: 'pkg:rpm/redhat/openssl-libs@3.0.7-25.el9_3?arch=x86_64&epoch=1',
            }),
            product('openssl-1:9.9-1.el9_0.src', { purl: 'pkg:rpm/redhat/openssl@9.9-1.el9_0?arch=src&epoch=1' }),
            product(mod, { purl: 'pkg:rpmmod/redhat/nodejs@16:9020020260101:rhel9' }),
            product(node, { purl: 'pkg:rpm/redhat/nodejs@16.20.2-2.module%2Bel9.2.0%2B1%2Ba?arch=x86_64&epoch=1' }),
            product('openssl', { purl: 'pkg:rpm/redhat/openssl' }),
            product('edk2', { purl: 'pkg:rpm/redhat/edk2' }),
          ],
        },
      ],
      relationships: [
        relation(src, 'AppStream-9'),
        relation('openssl-libs-1:3.0.7-25.el9_3.x86_64', 'AppStream-9'),
        relation('openssl-1:9.9-1.el9_0.src', 'AppStream-9.0.EUS'),
        relation(mod, 'AppStream-9'),
        relation(node, `AppStream-9:${mod}`),
        relation('openssl', 'red_hat_enterprise_linux_8'),
        relation('edk2', 'red_hat_enterprise_linux_8'),
      ],
    },
    vulnerabilities: [
      {
        cve: 'CVE-2026-0100',
        cwe: { id: 'CWE-787', name: 'x' },
        product_status: {
          fixed: [
            `AppStream-9:${src}`,
            'AppStream-9:openssl-libs-1:3.0.7-25.el9_3.x86_64',
            'AppStream-9.0.EUS:openssl-1:9.9-1.el9_0.src',
            `AppStream-9:${mod}:${node}`,
          ],
          known_affected: ['red_hat_enterprise_linux_8:openssl'],
          known_not_affected: ['red_hat_enterprise_linux_8:edk2'],
        },
        remediations: [
          { category: 'no_fix_planned', details: 'Will not fix', product_ids: ['red_hat_enterprise_linux_8:openssl'] },
        ],
        scores: [{ cvss_v3: { vectorString: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N' }, products: [] }],
        threats: [{ category: 'impact', details: 'Moderate' }],
      },
    ],
  };
  const libs = (version: string, ecosystem = 'Red Hat:9') => ({
    ecosystem,
    name: 'openssl-libs',
    sourceName: 'openssl',
    version,
  });

  it('judges binaries by their source, in the main stream of updates only', () => {
    expect(found(vex, libs('1:3.0.7-24.el9'))).toEqual(['CVE-2026-0100 affected 1:3.0.7-25.el9_3']);
    expect(found(vex, libs('1:3.0.7-25.el9_3'))).toEqual([]);
  });

  it('says what will not be fixed', () => {
    expect(found(vex, libs('1:1.1.1k-9.el8', 'Red Hat:8'))).toEqual(['CVE-2026-0100 will_not_fix']);
    expect(found(vex, { ecosystem: 'Red Hat:8', name: 'edk2', version: '1-1' })).toEqual([]);
  });

  it('applies a module’s fix to its own stream', () => {
    const nodejs = (module: string) => ({
      ecosystem: 'Red Hat:9',
      name: 'nodejs',
      version: '1:16.1.0-1.module+el9.1.0+1+a',
      module,
    });
    expect(found(vex, nodejs('nodejs:16'))).toHaveLength(1);
    expect(found(vex, nodejs('nodejs:18:9:ctx'))).toEqual([]);
    expect(found(vex, { ...nodejs(''), version: '1:16.1.0-1.el9' })).toEqual([]);
  });

  it('judges CentOS of the same major', () => {
    expect(found(vex, libs('1:3.0.7-24.el9', 'CentOS:9'))).toHaveLength(1);
    expect(lookupsOf(libs('1', 'CentOS:9'))).toContainEqual({ ecosystem: 'Red Hat:9', name: 'openssl' });
  });

  it('keeps severity, score and weakness', () => {
    const entries = read(vex).advisories.flatMap(affectedEntries);
    expect(match(libs('1:3.0.7-24.el9'), entries)[0]).toMatchObject({
      severity: 'medium',
      cvss: { score: 7.5 },
      severities: [{ source: 'test', severity: 'medium', cvss: { score: 7.5 } }],
      cwes: ['CWE-787'],
      advisory: { modified: '2026-02-01T00:00:00Z' },
    });
  });
});

describe('updateinfo', () => {
  const update = (id: string, release: string, more = '') => `<?xml version="1.0"?><updates>
    <update type="security"><id>${id}</id><title>Important: foo security update</title><severity>Important</severity>
    <issued date="2026-01-02 03:04:05"/><references><reference id="CVE-2026-0200" type="cve" href="https://x/"/></references>
    <pkglist><collection short="c">${more}<package name="foo" epoch="1" version="2.0" release="${release}" arch="x86_64"/></collection></pkglist>
    </update></updates>`;

  it.each([
    ['ALAS2-2026-1', '3.amzn2', 'Amazon Linux:2'],
    ['ALAS2023-2026-1', '3.amzn2023.0.1', 'Amazon Linux:2023'],
    ['RLSA-2026:1', '3.el9_2', 'Rocky Linux:9'],
    ['ALSA-2026:1', '3.el8', 'AlmaLinux:8'],
    ['ELSA-2026-1', '3.el9', 'Oracle Linux:9'],
    ['FEDORA-2026-1', '3.fc40', 'Fedora:40'],
    ['ANSA-2026:1', '3.an8', 'Anolis OS:8'],
    ['SUSE-2026-1', '150500.3.1', 'SUSE:15.5'],
  ])('reads %s', (id, release, ecosystem) => {
    const pkg = { ecosystem, name: 'foo', version: '1:1.9-1' };
    expect(found(update(id, release), pkg, 'updateinfo.xml')).toEqual([`CVE-2026-0200 affected 1:2.0-${release}`]);
    expect(found(update(id, release), { ...pkg, version: `1:2.0-${release}` }, 'updateinfo.xml')).toEqual([]);
  });

  it('takes the ecosystem that is given where packages do not tell', () => {
    const pkg = { ecosystem: 'Red Hat:9', name: 'foo', version: '1:1.0-1' };
    expect(found(update('X-1', '3'), pkg, 'u.xml', { ecosystem: 'Red Hat:9' })).toHaveLength(1);
  });
});

describe('OVAL', () => {
  const oval = `<oval_definitions xmlns="http://oval.mitre.org/XMLSchema/oval-definitions-5"><definitions>
    <definition id="oval:com.oracle.elsa:def:1" class="patch"><metadata><title>ELSA-2026-0300: foo security update (IMPORTANT)</title>
    <affected family="unix"><platform>Oracle Linux 8</platform></affected>
    <reference source="elsa" ref_id="ELSA-2026-0300" ref_url="https://linux.oracle.com/errata/ELSA-2026-0300.html"/>
    <reference source="CVE" ref_id="CVE-2026-0300" ref_url="https://x/"/>
    <advisory><severity>IMPORTANT</severity><cve href="x">CVE-2026-0300</cve></advisory></metadata>
    <criteria operator="AND"><criterion test_ref="t:1" comment="Oracle Linux 8 is installed"/>
    <criteria operator="OR"><criteria operator="AND"><criterion test_ref="t:2" comment="foo is earlier than 1:2.0-3.el8"/>
    <criterion test_ref="t:3" comment="foo is signed with the key"/></criteria></criteria></criteria></definition></definitions>
    <tests><rpminfo_test id="t:1"><object object_ref="o:1"/><state state_ref="s:1"/></rpminfo_test>
    <rpminfo_test id="t:2"><object object_ref="o:2"/><state state_ref="s:2"/><state state_ref="s:3"/></rpminfo_test>
    <rpminfo_test id="t:3"><object object_ref="o:2"/><state state_ref="s:4"/></rpminfo_test></tests>
    <objects><rpminfo_object id="o:1"><name>oraclelinux-release</name></rpminfo_object><rpminfo_object id="o:2"><name>foo</name></rpminfo_object></objects>
    <states><rpminfo_state id="s:1"><version operation="pattern match">^8</version></rpminfo_state>
    <rpminfo_state id="s:2"><evr datatype="evr_string" operation="less than">1:2.0-3.el8</evr><arch operation="pattern match">aarch64|x86_64</arch></rpminfo_state>
    <rpminfo_state id="s:3"><arch operation="equals">x86_64</arch></rpminfo_state><rpminfo_state id="s:4"><signature_keyid>1</signature_keyid></rpminfo_state></states></oval_definitions>`;

  it('reads tests for versions below the fixed one', () => {
    const pkg = { ecosystem: 'Oracle Linux:8', name: 'foo', version: '1:2.0-2.el8', architecture: 'x86_64' };
    expect(found(oval, pkg, 'oval.xml')).toEqual(['CVE-2026-0300 affected 1:2.0-3.el8']);
    expect(found(oval, { ...pkg, version: '1:2.0-3.el8' }, 'oval.xml')).toEqual([]);
    expect(found(oval, { ...pkg, architecture: 'i686' }, 'oval.xml')).toEqual([]);
    expect(found(oval, { ...pkg, ecosystem: 'Oracle Linux:9' }, 'oval.xml')).toEqual([]);
  });
});

describe('Photon and Arch', () => {
  it('reads Photon by the file’s name', () => {
    const list = [{ cve_id: 'CVE-2026-0400', pkg: 'curl', cve_score: 7, aff_ver: 'all', res_ver: '8.1-2.ph5' }];
    const pkg = { ecosystem: 'Photon OS:5.0', name: 'curl-libs', sourceName: 'curl', version: '8.1-1.ph5' };
    expect(found(list, pkg, 'cve_data_photon5.0.json')).toEqual(['CVE-2026-0400 affected 8.1-2.ph5']);
  });

  it('reads groups of Arch', () => {
    const group = {
      name: 'AVG-1',
      packages: ['curl', 'libcurl-gnutls'],
      status: 'Fixed',
      severity: 'High',
      affected: '8.0-1',
      fixed: '8.1-1',
      issues: ['CVE-2026-0401'],
      type: 'x',
    };
    const open = { ...group, name: 'AVG-2', status: 'Vulnerable', fixed: null, issues: ['CVE-2026-0402'] };
    expect(found([group, open], { ecosystem: 'Arch', name: 'curl', version: '8.0-1' })).toEqual([
      'CVE-2026-0401 affected 8.1-1',
      'CVE-2026-0402 unfixed',
    ]);
  });
});

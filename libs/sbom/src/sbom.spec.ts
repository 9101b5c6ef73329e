import type { Package } from '@gabion/inventory/package';
import { describe, expect, it } from '@jest/globals';
import type { Bill } from './bill.ts';
import { cycloneDxDocument, cycloneDxVersions } from './cyclonedx/cyclonedx-document.ts';
import { readSbom } from './read.ts';
import { spdxDocument } from './spdx/spdx-document.ts';
import { tagValueOf } from './spdx/tag-value.ts';

const diffId = `sha256:${'ab'.repeat(32)}`;

const libc: Package = {
  type: 'deb',
  name: 'libc6',
  version: '2.31-13+deb11u5+b1',
  ecosystem: 'Debian:11',
  purl: 'pkg:deb/debian/libc6@2.31-13%2Bdeb11u5%2Bb1?arch=amd64&distro=debian-11',
  sourceName: 'glibc',
  sourceVersion: '2.31-13+deb11u5',
  architecture: 'amd64',
  module: '',
  layerDiffId: diffId,
  path: 'var/lib/dpkg/status',
  evidence: 'package-database',
  licenses: ['LGPL-2.1+', 'a licence of its own'],
};
const lodash: Package = {
  ...libc,
  type: 'npm',
  name: '@scope/lodash',
  version: '4.17.4',
  ecosystem: 'npm',
  purl: 'pkg:npm/%40scope/lodash@4.17.4',
  sourceName: '@scope/lodash',
  sourceVersion: '4.17.4',
  architecture: '',
  path: 'app/node_modules/@scope/lodash/package.json',
  evidence: 'package-metadata',
  licenses: ['MIT'],
};
const bill: Bill = {
  target: 'registry.example:5000/team/app:1.2',
  targetKind: 'image',
  imageDigest: `sha256:${'cd'.repeat(32)}`,
  platform: 'linux/amd64',
  operatingSystem: { id: 'debian', version: '11', prettyName: 'Debian GNU/Linux 11 (bullseye)', codename: 'bullseye' },
  layers: [{ digest: '', diffId }],
  packages: [libc, lodash, { ...lodash, path: 'lib/node_modules/@scope/lodash/package.json' }],
  scanner: { name: 'gabion', version: '0.1.0' },
};
const issue = { serialNumber: '3e671687-395b-41f5-a30f-a58921a69b79', createdAt: '2026-01-02T03:04:05.678Z' };

const read = (document: unknown) =>
  readSbom(Buffer.from(typeof document === 'string' ? document : JSON.stringify(document)));
const judged = (packages: readonly Package[]) =>
  packages.map(({ evidence: _evidence, licenses: _licenses, ...what }) => what);
const refusal = (content: string) => {
  try {
    read(content);
  } catch (error) {
    return (error as { code: string }).code;
  }
  return undefined;
};

describe('a document that is read again', () => {
  it.each([
    ...cycloneDxVersions.map(
      (version) => [`CycloneDX ${version}`, cycloneDxDocument(bill, { ...issue, version })] as const,
    ),
    ['SPDX JSON', spdxDocument(bill, issue)] as const,
    ['SPDX tag-value', tagValueOf(spdxDocument(bill, issue))] as const,
  ])('%s keeps what packages are judged by', (_format, document) => {
    const sbom = read(document);
    expect(judged(sbom.packages)).toEqual(judged(bill.packages));
    expect(sbom).toMatchObject({
      name: bill.target,
      imageDigest: bill.imageDigest,
      operatingSystem: { id: 'debian', version: '11' },
      warnings: [],
    });
    expect(sbom.packages[1]?.licenses).toEqual(['MIT']);
  });

  it('says the same for the same arguments', () => {
    expect(cycloneDxDocument(bill, issue)).toEqual(cycloneDxDocument(structuredClone(bill), issue));
    expect(spdxDocument(bill, issue)).toEqual(spdxDocument(structuredClone(bill), issue));
  });
});

describe('CycloneDX', () => {
  const document = cycloneDxDocument(bill, issue) as { components: Record<string, unknown>[]; dependencies: unknown[] };

  it('describes a component', () => {
    expect(document.components[2]).toEqual({
      'bom-ref': 'pkg:npm/%40scope/lodash@4.17.4',
      type: 'library',
      group: '@scope',
      name: 'lodash',
      version: '4.17.4',
      licenses: [{ license: { id: 'MIT' } }],
      purl: 'pkg:npm/%40scope/lodash@4.17.4',
      evidence: {
        identity: [
          {
            field: 'purl',
            confidence: 1,
            methods: [{ technique: 'manifest-analysis', confidence: 1, value: lodash.path }],
          },
        ],
        occurrences: [{ location: lodash.path }],
      },
      properties: [
        { name: 'gabion:ecosystem', value: 'npm' },
        { name: 'gabion:evidence', value: 'package-metadata' },
        { name: 'gabion:layer:diffId', value: diffId },
        { name: 'gabion:path', value: lodash.path },
      ],
    });
  });

  it('has one reference for each place of a package', () => {
    const refs = document.components.map((component) => component['bom-ref']);
    expect(new Set(refs).size).toBe(4);
    expect(document.dependencies).toContainEqual({ ref: 'gabion:subject', dependsOn: refs });
  });

  it('reads XML', () => {
    const xml = `<?xml version="1.0"?><bom xmlns="http://cyclonedx.org/schema/bom/1.5" version="1"><metadata>
      <component type="container"><name>app</name></component></metadata><components>
      <component type="operating-system"><name>alpine</name><version>3.18.4</version></component>
      <component type="library"><name>musl</name><version>1.2.4-r1</version><licenses><license><id>MIT</id></license></licenses>
      <purl>pkg:apk/alpine/musl@1.2.4-r1?arch=x86_64&amp;upstream=musl</purl></component></components></bom>`;
    const { packages, version } = read(xml);
    expect(version).toBe('1.5');
    expect(packages).toMatchObject([{ name: 'musl', ecosystem: 'Alpine:v3.18', licenses: ['MIT'] }]);
  });

  it("takes Trivy's and Syft's properties", () => {
    const component = (purl: string, properties: Record<string, string>) => ({
      type: 'library',
      name: 'x',
      purl,
      properties: Object.entries(properties).map(([name, value]) => ({ name, value })),
    });
    const { packages } = read({
      bomFormat: 'CycloneDX',
      specVersion: '1.6',
      components: [
        component('pkg:rpm/redhat/bash-doc@5.1?distro=redhat-9.2', {
          'aquasecurity:trivy:SrcName': 'bash',
          'aquasecurity:trivy:SrcEpoch': '1',
          'aquasecurity:trivy:SrcVersion': '5.1',
          'aquasecurity:trivy:SrcRelease': '2.el9',
          'aquasecurity:trivy:LayerDiffID': diffId,
        }),
        component('pkg:deb/debian/libc-bin@2.31?distro=debian-11', {
          'syft:metadata:source': 'glibc',
          'syft:location:0:path': '/var/lib/dpkg/status',
        }),
      ],
    });
    expect(packages).toMatchObject([
      { ecosystem: 'Red Hat:9', sourceName: 'bash', sourceVersion: '1:5.1-2.el9', layerDiffId: diffId },
      { sourceName: 'glibc', path: 'var/lib/dpkg/status' },
    ]);
  });
});

describe('SPDX', () => {
  it('declares licences that SPDX does not know', () => {
    const { packages, hasExtractedLicensingInfos } = spdxDocument(bill, issue);
    const [id] = hasExtractedLicensingInfos!.map(({ licenseId }) => licenseId);
    expect(packages[2]?.licenseDeclared).toBe(`LGPL-2.1-or-later AND ${id}`);
  });

  it('lets no name begin a tag of its own', () => {
    const hostile = { ...lodash, name: 'x\nPackageName: y', licenses: ['</text>\nPackageName: z'] };
    const text = tagValueOf(spdxDocument({ ...bill, packages: [hostile] }, issue));
    expect(text.match(/^PackageName:/gm)).toHaveLength(3 + 1);
    expect(read(text).packages).toHaveLength(1);
  });
});

describe('documents that are wrapped or wrong', () => {
  it('reads what BuildKit and cosign attest', () => {
    const statement = {
      _type: 'https://in-toto.io/Statement/v0.1',
      predicateType: 'https://spdx.dev/Document',
      predicate: spdxDocument(bill, issue),
    };
    const envelope = {
      payloadType: 'application/vnd.in-toto+json',
      payload: Buffer.from(JSON.stringify(statement)).toString('base64'),
      signatures: [],
    };
    expect(read(statement).packages).toHaveLength(3);
    expect(read(envelope).packages).toHaveLength(3);
  });

  it.each([
    ['', 'sbom_format_unknown'],
    ['{', 'sbom_malformed'],
    ['{}', 'sbom_format_unknown'],
    ['{"bomFormat":"CycloneDX","specVersion":"2.0"}', 'sbom_version_unsupported'],
    ['{"bomFormat":"CycloneDX","specVersion":"1.6","components":{}}', 'sbom_malformed'],
    ['{"spdxVersion":"SPDX-9.9"}', 'sbom_version_unsupported'],
    ['SPDXVersion: SPDX-2.3\nDocumentComment: <text>open', 'sbom_malformed'],
    ['<bom xmlns="http://cyclonedx.org/schema/bom/1.5"><components>', 'sbom_malformed'],
    ['<!DOCTYPE bom [<!ENTITY a "b">]><bom/>', 'sbom_malformed'],
    [
      `{"bomFormat":"CycloneDX","specVersion":"1.6","components":[${'{"components":['.repeat(70)}${']}'.repeat(70)}]}`,
      'sbom_too_deep',
    ],
    ['<a>'.repeat(300), 'sbom_too_deep'],
  ])('refuses %j', (content, code) => expect(refusal(content)).toBe(code));

  it('warns of components that it cannot judge', () => {
    const components = [
      { type: 'library', name: 'x' },
      { type: 'library', name: 'y', purl: 'pkg:github/a/b@1' },
    ];
    expect(read({ bomFormat: 'CycloneDX', specVersion: '1.4', components }).warnings.map(({ code }) => code)).toEqual([
      'components_without_purl',
      'components_not_packages',
    ]);
  });
});

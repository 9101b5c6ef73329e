import type { Package } from '@gabion/inventory/package';
import { packageFromPurl } from '@gabion/sbom/package-from-purl';
import { describe, expect, it } from '@jest/globals';
import { csafDocument } from './csaf-document.ts';
import { decide } from './decide.ts';
import { openVexDocument } from './openvex-document.ts';
import { readVex } from './read.ts';

const digest = `sha256:${'ab'.repeat(32)}`;
const libc = packageFromPurl('pkg:deb/debian/libc6@2.31-13?arch=amd64&distro=debian-11&upstream=glibc')!;
const lodash = packageFromPurl('pkg:npm/lodash@4.17.4', { path: 'app/node_modules/lodash/package.json' })!;
const war = packageFromPurl('pkg:maven/org.example/app@1.0', { path: 'opt/app.war' })!;
const log4j = packageFromPurl('pkg:maven/org.apache.logging.log4j/log4j-core@2.14.1', {
  path: 'opt/app.war!WEB-INF/lib/l.jar',
})!;
const image = {
  target: 'registry.example/team/app:1.2',
  imageDigest: digest,
  platform: 'linux/amd64',
  packages: [libc, lodash, war, log4j],
};
const imagePurl = `pkg:oci/app@${encodeURIComponent(digest)}?repository_url=registry.example/team/app`;

const bytes = (json: unknown) => Buffer.from(JSON.stringify(json));
const openVex = (...statements: object[]) =>
  readVex(
    bytes({
      '@context': 'https://openvex.dev/ns/v0.2.0',
      '@id': 'https://example.org/vex-1',
      author: 'Security Team',
      timestamp: '2026-01-01T00:00:00Z',
      version: 1,
      statements: statements.map((each) => ({ vulnerability: { name: 'CVE-1' }, ...each })),
    }),
  );
const notAffected = { status: 'not_affected', justification: 'vulnerable_code_not_present' };
const statusOf = (found: Package, document: ReturnType<typeof readVex>, aliases: string[] = []) =>
  decide({ vulnerabilityId: 'CVE-1', aliases, package: found }, image, document.statements)?.statement.status;

describe('OpenVEX', () => {
  it.each([
    ['the image by its digest', imagePurl, 'not_affected'],
    ['the image by its name', 'pkg:oci/app?repository_url=registry.example/team/app', 'not_affected'],
    ['the image by its reference', 'registry.example/team/app:1.2', 'not_affected'],
    ['another tag', 'registry.example/team/app:1.3', undefined],
    ['another digest', `pkg:oci/app@sha256%3A${'00'.repeat(32)}`, undefined],
    ['the package without a version', 'pkg:deb/debian/libc6', 'not_affected'],
    ['the package with its version', 'pkg:deb/debian/libc6@2.31-13?distro=debian-11', 'not_affected'],
    ['another version', 'pkg:deb/debian/libc6@2.36-9', undefined],
    ['another release', 'pkg:deb/debian/libc6?distro=debian-12', undefined],
    ['another distribution', 'pkg:deb/ubuntu/libc6', undefined],
    ['its source', 'pkg:deb/debian/glibc?arch=source', 'not_affected'],
    ['the source as if it were installed', 'pkg:deb/debian/glibc', undefined],
  ])('is about %s', (_what, id, status) =>
    expect(statusOf(libc, openVex({ products: [{ '@id': id }], ...notAffected }))).toBe(status),
  );

  it('is about subcomponents in their product only', () => {
    const inImage = openVex({
      products: [{ '@id': imagePurl, subcomponents: [{ '@id': 'pkg:npm/lodash' }] }],
      ...notAffected,
    });
    expect(statusOf(lodash, inImage)).toBe('not_affected');
    expect(statusOf(libc, inImage)).toBeUndefined();
    const inWar = openVex({
      products: [{ '@id': war.purl, subcomponents: [{ '@id': log4j.purl }, { '@id': lodash.purl }] }],
      ...notAffected,
    });
    expect(statusOf(log4j, inWar)).toBe('not_affected');
    expect(statusOf(lodash, inWar)).toBeUndefined();
  });

  it('lets the latest statement of a product count', () => {
    const products = [{ '@id': lodash.purl }];
    const document = openVex(
      { products, ...notAffected, timestamp: '2026-03-01T00:00:00Z' },
      { products, status: 'affected', action_statement: 'Upgrade', timestamp: '2026-02-01T00:00:00Z' },
    );
    expect(statusOf(lodash, document)).toBe('not_affected');
  });

  it('lets the more exact product count before the later statement', () => {
    const document = openVex(
      { products: [{ '@id': 'pkg:npm/lodash' }], ...notAffected, timestamp: '2026-03-01T00:00:00Z' },
      { products: [{ '@id': lodash.purl }], status: 'affected', timestamp: '2026-02-01T00:00:00Z' },
    );
    expect(statusOf(lodash, document)).toBe('affected');
  });

  it('knows a vulnerability by any name', () => {
    const document = openVex({
      vulnerability: { name: 'GHSA-x', aliases: ['CVE-9'] },
      products: [{ '@id': lodash.purl }],
      ...notAffected,
    });
    expect(statusOf(lodash, document)).toBeUndefined();
    expect(statusOf(lodash, document, ['cve-9'])).toBe('not_affected');
  });

  it('skips what says too little', () => {
    const document = openVex(
      { products: [{ '@id': lodash.purl }], status: 'not_affected' },
      { products: [{ '@id': 'urn:example:unknown' }], ...notAffected },
      { products: [{ '@id': imagePurl, subcomponents: [{ '@id': 'urn:x' }] }], ...notAffected },
    );
    expect(document.statements).toEqual([]);
    expect(document.skipped).toHaveLength(3);
  });
});

describe('CycloneDX VEX', () => {
  const vulnerability = (affects: object[], analysis: object) => ({ id: 'CVE-1', analysis, affects });
  const read = (subject: object, ...vulnerabilities: object[]) =>
    readVex(
      bytes({
        bomFormat: 'CycloneDX',
        specVersion: '1.5',
        metadata: { component: subject },
        components: [{ 'bom-ref': 'l', purl: 'pkg:npm/lodash' }],
        vulnerabilities,
      }),
    );

  it('reads references, links and ranges', () => {
    const state = { state: 'not_affected', justification: 'code_not_reachable' };
    const ranged = (range: string) => read({}, vulnerability([{ ref: 'l', versions: [{ range }] }], state));
    expect(statusOf(lodash, ranged('vers:npm/>=4.0.0|<4.17.5'))).toBe('not_affected');
    expect(statusOf(lodash, ranged('vers:npm/>=4.17.5'))).toBeUndefined();
    const link = read(
      {},
      vulnerability([{ ref: 'urn:cdx:3e671687-395b-41f5-a30f-a58921a69b79/1#pkg%3Anpm/lodash%404.17.4' }], state),
    );
    expect(link.statements[0]?.justification).toBe('vulnerable_code_not_in_execute_path');
    expect(statusOf(lodash, link)).toBe('not_affected');
  });

  it('keeps to the image that the document is of', () => {
    const analysis = { state: 'false_positive' };
    const of = (hex: string) =>
      read(
        { type: 'container', name: 'x', hashes: [{ alg: 'SHA-256', content: hex.repeat(32) }] },
        vulnerability([{ ref: 'l' }], analysis),
      );
    expect(statusOf(lodash, of('ab'))).toBe('not_affected');
    expect(statusOf(lodash, of('cd'))).toBeUndefined();
  });
});

describe('CSAF', () => {
  const document = (tree: object, status: object, more: object = {}) =>
    readVex(
      bytes({
        document: {
          csaf_version: '2.0',
          publisher: { name: 'Vendor' },
          tracking: { id: 'A-1', current_release_date: '2026-01-01T00:00:00Z' },
        },
        product_tree: tree,
        vulnerabilities: [{ cve: 'CVE-1', product_status: status, ...more }],
      }),
    );
  const lodashName = { product_id: 'l', name: 'lodash', product_identification_helper: { purl: 'pkg:npm/lodash' } };

  it('reads branches with ranges, flags and groups', () => {
    const tree = {
      branches: [
        {
          category: 'vendor',
          name: 'v',
          branches: [{ category: 'product_version_range', name: 'vers:npm/<4.17.5', product: lodashName }],
        },
      ],
      product_groups: [{ group_id: 'g', product_ids: ['l'] }],
    };
    const vex = document(
      tree,
      { known_not_affected: ['l'] },
      { flags: [{ label: 'vulnerable_code_not_present', group_ids: ['g'] }] },
    );
    expect(vex.statements).toMatchObject([
      { status: 'not_affected', justification: 'vulnerable_code_not_present', author: 'Vendor' },
    ]);
    expect(statusOf(lodash, vex)).toBe('not_affected');
  });

  it('does not take a package of one release of a system for that of another', () => {
    const relation = (purl: string) => ({
      full_product_names: [
        { product_id: 'os', name: 'OS', product_identification_helper: { cpe: 'cpe:/o:vendor:os:6' } },
        { product_id: 'p', name: 'p', product_identification_helper: { purl } },
      ],
      relationships: [
        {
          full_product_name: { product_id: 'os:p', name: 'p' },
          product_reference: 'p',
          relates_to_product_reference: 'os',
        },
      ],
    });
    expect(document(relation('pkg:deb/debian/libc6'), { known_not_affected: ['os:p'] }).statements).toEqual([]);
    const pinned = document(relation('pkg:deb/debian/libc6@2.31-13'), { known_not_affected: ['os:p'] });
    expect(statusOf(libc, pinned)).toBe('not_affected');
  });
});

describe('what is written', () => {
  const claims = [
    {
      vulnerabilityId: 'CVE-1',
      aliases: ['GHSA-x'],
      purl: lodash.purl,
      status: 'not_affected' as const,
      justification: 'component_not_present' as const,
    },
    {
      vulnerabilityId: 'CVE-1',
      aliases: ['GHSA-x'],
      purl: libc.purl,
      status: 'affected' as const,
      action: 'Upgrade to 2.31-14',
    },
  ];
  const about = { target: image.target, purl: imagePurl, imageDigest: digest };
  const issue = {
    id: 'https://example.org/v/1',
    author: 'A',
    timestamp: '2026-01-01T00:00:00Z',
    tool: 'gabion',
    authorNamespace: 'https://example.org',
  };

  it.each([
    ['OpenVEX', openVexDocument(claims, about, issue)],
    ['CSAF', csafDocument(claims, about, issue)],
  ])('%s is read again', (_format, json) => {
    const document = readVex(bytes(json));
    expect(document.skipped).toEqual([]);
    expect(statusOf(lodash, document)).toBe('not_affected');
    expect(statusOf(libc, document)).toBe('affected');
    expect(document.statements.find(({ status }) => status === 'affected')?.action).toBe('Upgrade to 2.31-14');
  });
});

describe('a package at two places', () => {
  it('is affected if it is at one of them', () => {
    const about = { target: image.target };
    const issue = { id: 'https://example.org/v/1', author: 'A', timestamp: '2026-01-01T00:00:00Z', tool: 'gabion' };
    const claim = { vulnerabilityId: 'CVE-1', aliases: [], purl: lodash.purl };
    const written = openVexDocument(
      [
        { ...claim, status: 'not_affected', justification: 'component_not_present' },
        { ...claim, status: 'affected' },
      ],
      about,
      issue,
    );
    expect(readVex(bytes(written)).statements.map(({ status }) => status)).toEqual(['affected']);
  });
});

describe('large documents', () => {
  it('copes with 200,000 products of one statement', () => {
    const products = Array.from({ length: 200_000 }, (_, i) => ({ '@id': `pkg:npm/p${i}` }));
    expect(statusOf(lodash, openVex({ products: [...products, { '@id': lodash.purl }], ...notAffected }))).toBe(
      'not_affected',
    );
  });
});

describe('documents that are wrong', () => {
  const refusal = (text: string) => {
    try {
      readVex(Buffer.from(text));
    } catch (error) {
      return (error as { code: string }).code;
    }
    return undefined;
  };
  let branch: object = {};
  for (let i = 0; i < 100; i++) branch = { branches: [branch] };

  it.each([
    ['', 'vex_malformed'],
    ['[]', 'vex_malformed'],
    ['{}', 'vex_format_unknown'],
    ['{"@context":"https://openvex.dev/ns/v0.2.0"}', 'vex_malformed'],
    ['{"bomFormat":"CycloneDX","specVersion":"1.3"}', 'vex_version_unsupported'],
    [JSON.stringify({ document: { csaf_version: '2.0' }, product_tree: branch }), 'vex_too_deep'],
  ])('refuses %j', (text, code) => expect(refusal(text)).toBe(code));
});

import { packageFromPurl } from '@gabion/sbom/package-from-purl';
import { readSbom } from '@gabion/sbom/read';
import { decide } from '@gabion/vex/decide';
import { readVex } from '@gabion/vex/read';
import { type Target, texts } from '../target.ts';

const purl = 'pkg:deb/debian/openssl@3.0.11-1?arch=amd64&distro=debian-12';
const cycloneDx = {
  bomFormat: 'CycloneDX',
  specVersion: '1.5',
  metadata: { component: { type: 'container', name: 'a', 'bom-ref': 'root' } },
  components: [
    { type: 'operating-system', name: 'debian', version: '12' },
    {
      type: 'library',
      name: 'openssl',
      version: '3.0.11-1',
      purl,
      'bom-ref': 'x',
      licenses: [{ license: { id: 'MIT' } }, { expression: 'MIT' }],
      properties: [{ name: 'a', value: 'b' }],
      components: [{ type: 'library', name: 'a', purl: 'pkg:npm/%40s/a@1.0.0' }],
    },
  ],
};
const spdx = {
  spdxVersion: 'SPDX-2.3',
  SPDXID: 'SPDXRef-DOCUMENT',
  packages: [
    {
      SPDXID: 'SPDXRef-a',
      name: 'openssl',
      versionInfo: '3.0.11-1',
      licenseDeclared: 'MIT AND LicenseRef-1',
      externalRefs: [{ referenceCategory: 'PACKAGE-MANAGER', referenceType: 'purl', referenceLocator: purl }],
    },
  ],
  relationships: [
    { spdxElementId: 'SPDXRef-DOCUMENT', relationshipType: 'DESCRIBES', relatedSpdxElement: 'SPDXRef-a' },
  ],
};
const statement = {
  _type: 'https://in-toto.io/Statement/v0.1',
  predicateType: 'https://cyclonedx.org/bom',
  predicate: { Data: cycloneDx },
};
const openVex = {
  '@context': 'https://openvex.dev/ns/v0.2.0',
  '@id': 'https://a.example/1',
  author: 'a',
  timestamp: '2026-01-01T00:00:00Z',
  statements: [
    {
      vulnerability: { name: 'CVE-2026-0001' },
      products: [{ '@id': 'pkg:oci/a', subcomponents: [{ '@id': purl }] }],
      status: 'not_affected',
      justification: 'component_not_present',
    },
  ],
};
const csafVex = {
  document: {
    category: 'csaf_vex',
    csaf_version: '2.0',
    title: 'a',
    publisher: { name: 'a' },
    tracking: { id: 'a', current_release_date: '2026-01-01T00:00:00Z' },
  },
  product_tree: {
    branches: [
      {
        category: 'vendor',
        name: 'a',
        branches: [
          {
            category: 'product_version',
            name: '1',
            product: { name: 'a', product_id: 'p', product_identification_helper: { purl } },
          },
        ],
      },
    ],
    relationships: [
      {
        category: 'default_component_of',
        product_reference: 'p',
        relates_to_product_reference: 'p',
        full_product_name: { name: 'x', product_id: 'q' },
      },
    ],
  },
  vulnerabilities: [
    {
      cve: 'CVE-2026-0001',
      product_status: { known_not_affected: ['p'], fixed: ['q'] },
      flags: [{ label: 'component_not_present', product_ids: ['p'] }],
    },
  ],
};
const cycloneDxVex = {
  bomFormat: 'CycloneDX',
  specVersion: '1.5',
  components: [{ type: 'library', name: 'openssl', 'bom-ref': 'x', purl }],
  vulnerabilities: [
    {
      id: 'CVE-2026-0001',
      affects: [{ ref: 'x', versions: [{ range: 'vers:deb/>=1|<4', status: 'unaffected' }] }],
      analysis: { state: 'not_affected', justification: 'code_not_present' },
    },
  ],
};
const finding = { vulnerabilityId: 'CVE-2026-0001', aliases: [], package: packageFromPurl(purl)! };

/** SBOMs, VEX documents and package URLs. */
export const documentTargets: readonly Target[] = [
  {
    name: 'sbom-json',
    samples: texts(cycloneDx, spdx, statement, {
      payloadType: 'application/vnd.in-toto+json',
      payload: Buffer.from(JSON.stringify(statement)).toString('base64'),
    }),
    errors: ['SbomError'],
    run: (input) => readSbom(input).packages.length > 0,
  },
  {
    name: 'sbom-xml',
    samples: texts(
      `<?xml version="1.0"?><bom xmlns="http://cyclonedx.org/schema/bom/1.5"><metadata><component type="container"><name>a</name></component></metadata><components><component type="library" bom-ref="x"><name>openssl</name><version>3</version><licenses><license><id>MIT</id></license></licenses><purl>${purl.replace('&', '&amp;')}</purl></component></components></bom>`,
    ),
    errors: ['SbomError'],
    run: (input) => readSbom(input).packages.length > 0,
  },
  {
    name: 'sbom-tag-value',
    samples: texts(
      `SPDXVersion: SPDX-2.3\nSPDXID: SPDXRef-DOCUMENT\nDocumentName: a\n\nPackageName: openssl\nSPDXID: SPDXRef-a\nPackageVersion: 3.0.11-1\nPackageComment: <text>a\nb</text>\nExternalRef: PACKAGE-MANAGER purl ${purl}\n\nRelationship: SPDXRef-DOCUMENT DESCRIBES SPDXRef-a\n`,
    ),
    errors: ['SbomError'],
    run: (input) => readSbom(input).packages.length > 0,
  },
  {
    name: 'vex',
    samples: texts(openVex, csafVex, cycloneDxVex, { _type: 'https://in-toto.io/Statement/v1', predicate: openVex }),
    errors: ['VexError'],
    run: (input) => {
      const { statements } = readVex(input);
      decide(finding, { target: 'a', imageDigest: 'sha256:0', packages: [finding.package] }, statements);
      return statements.length > 0;
    },
  },
  {
    name: 'purl',
    samples: texts(
      purl,
      'pkg:npm/%40s/a@1.0.0#lib/x',
      'pkg:golang/github.com/a/b@v1.0.0',
      'pkg:maven/org.a/b@1.0?type=jar',
    ),
    errors: [],
    run: (input) => packageFromPurl(input.toString()) !== undefined,
  },
];

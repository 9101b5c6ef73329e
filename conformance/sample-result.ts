import type { ScanResult, VulnerabilityFinding } from '@gabion/reports/scan-result';
import { packageFromPurl } from '@gabion/sbom/package-from-purl';

const diffId = `sha256:${'ab'.repeat(32)}`;

const packages = [
  [
    'pkg:deb/debian/libssl1.1@1.1.1n-0%2Bdeb11u3?arch=amd64&distro=debian-11&upstream=openssl',
    'var/lib/dpkg/status',
    'GPL-2+',
  ],
  ['pkg:npm/%40babel/core@7.0.0', 'app/node_modules/@babel/core/package.json', 'MIT'],
  ['pkg:npm/%40babel/core@7.0.0', 'srv/node_modules/@babel/core/package.json', 'a licence of its own'],
  ['pkg:maven/org.example/a@1.0', 'app.war!WEB-INF/lib/a.jar', 'GPL-2.0-with-classpath-exception'],
  ['pkg:generic/redis@7.0.1', 'usr/bin/redis-server', 'Public Domain'],
].map(([purl, path, licence]) => packageFromPurl(purl!, { path: path!, layerDiffId: diffId, licenses: [licence!] })!);

const vulnerability: VulnerabilityFinding = {
  kind: 'vulnerability',
  id: 'f-1',
  severity: 'high',
  layerDiffId: diffId,
  path: 'var/lib/dpkg/status',
  vulnerabilityId: 'CVE-2023-0286',
  aliases: ['GHSA-x4qr-2fvf-3mr5'],
  package: 0,
  severities: [{ source: 'nvd', severity: 'high' }],
  cvss: { vector: 'CVSS:3.1/AV:N/AC:H/PR:N/UI:N/S:U/C:H/I:N/A:H', score: 7.4 },
  status: 'fixed',
  fixedVersion: '1.1.1n-0+deb11u4',
  summary: 'X.400 address type confusion',
  cwes: ['CWE-843'],
  references: [],
  publishedAt: '2023-02-08T00:00:00Z',
  isMalicious: false,
  advisory: {
    source: 'debian-dsa',
    id: 'DSA-5343-1',
    url: 'https://www.debian.org/security/dsa-5343',
    rule: 'openssl < 2',
  },
};
const cvss4 = 'CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N';
const decided = { kind: 'vex', id: 'd', status: 'not_affected', reason: 'not built in', owner: 'team' } as const;

/** A result in which each thing that the formats tell apart is there once. */
export const sampleResult: ScanResult = {
  target: 'registry.example:5000/team/app:1.2',
  targetKind: 'image',
  imageDigest: `sha256:${'cd'.repeat(32)}`,
  platform: 'linux/amd64',
  operatingSystem: { id: 'debian', version: '11', prettyName: 'Debian GNU/Linux 11', codename: 'bullseye' },
  layers: [{ digest: '', diffId, createdBy: 'ADD rootfs', size: 100 }],
  packages,
  findings: [
    vulnerability,
    {
      ...vulnerability,
      id: 'f-2',
      vulnerabilityId: 'GHSA-aaaa-bbbb-cccc',
      package: 1,
      cvss: { vector: cvss4, score: 9.3 },
    },
    { ...vulnerability, id: 'f-3', package: 1, status: 'under_investigation', severity: 'negligible' },
    { ...vulnerability, id: 'f-4', package: 2, suppressedBy: { ...decided, justification: 'component_not_present' } },
    {
      ...vulnerability,
      id: 'f-5',
      package: 3,
      suppressedBy: { ...decided, kind: 'exception', expiresAt: '2027-01-01T00:00:00Z' },
    },
  ],
  warnings: [{ code: 'file_too_large', message: 'opt/big was not read' }],
  scanner: { name: 'gabion', version: '0.1.0' },
  startedAt: '2026-01-02T03:04:05Z',
  endedAt: '2026-01-02T03:04:07Z',
};

/** What documents have of their own. */
export const sampleOptions = {
  serialNumber: '3e671687-395b-41f5-a30f-a58921a69b79',
  createdAt: '2026-01-02T03:04:08.000Z',
};

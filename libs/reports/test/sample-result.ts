import type { Package } from '@gabion/inventory/package';
import type { ScanResult, VulnerabilityFinding } from '../src/scan-result.ts';

export const diffId = `sha256:${'ab'.repeat(32)}`;

const openssl: Package = {
  type: 'deb',
  name: 'libssl1.1',
  version: '1.1.1n-0+deb11u3',
  ecosystem: 'Debian:11',
  purl: 'pkg:deb/debian/libssl1.1@1.1.1n-0%2Bdeb11u3?arch=amd64&distro=debian-11',
  sourceName: 'openssl',
  sourceVersion: '1.1.1n-0+deb11u3',
  architecture: 'amd64',
  module: '',
  layerDiffId: diffId,
  path: 'var/lib/dpkg/status',
  evidence: 'package-database',
  licenses: ['GPL-2+'],
};

/** A vulnerability of the first package. */
export const vulnerability: VulnerabilityFinding = {
  kind: 'vulnerability',
  id: 'f-1',
  severity: 'high',
  layerDiffId: diffId,
  path: 'var/lib/dpkg/status',
  vulnerabilityId: 'CVE-2023-0286',
  aliases: ['GHSA-x4qr-2fvf-3mr5'],
  package: 0,
  severities: [
    {
      source: 'nvd',
      severity: 'high',
      cvss: { vector: 'CVSS:3.1/AV:N/AC:H/PR:N/UI:N/S:U/C:H/I:N/A:H', score: 7.4 },
    },
  ],
  cvss: { vector: 'CVSS:3.1/AV:N/AC:H/PR:N/UI:N/S:U/C:H/I:N/A:H', score: 7.4 },
  epss: { probability: 0.86, percentile: 0.99, date: '2026-01-01' },
  kev: { addedOn: '2024-01-01', isRansomware: false },
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
    url: 'https://security-tracker.debian.org/tracker/CVE-2023-0286',
    rule: 'openssl < 1.1.1n-0+deb11u4',
  },
};

const none = { critical: 0, high: 0, medium: 0, low: 0, negligible: 0, unknown: 0 };

/** A result with a finding of each kind. */
export const sampleResult: ScanResult = {
  target: 'registry.example/app:1.2',
  targetKind: 'image',
  imageDigest: `sha256:${'cd'.repeat(32)}`,
  platform: 'linux/amd64',
  operatingSystem: {
    id: 'debian',
    version: '11',
    prettyName: 'Debian GNU/Linux 11 (bullseye)',
    codename: 'bullseye',
    endOfLife: '2026-08-31',
    isEndOfLife: true,
  },
  layers: [{ digest: '', diffId, createdBy: 'ADD rootfs', size: 100 }],
  packages: [openssl],
  findings: [
    vulnerability,
    {
      kind: 'secret',
      id: 'f-2',
      severity: 'critical',
      layerDiffId: diffId,
      path: 'root/.aws/credentials',
      ruleId: 'aws-access-token',
      title: 'AWS access token',
      origin: 'file',
      line: 3,
      redacted: 'aws_secret = ****',
      isDeleted: true,
    },
    {
      kind: 'malware',
      id: 'f-3',
      severity: 'critical',
      path: 'tmp/eicar.com',
      name: 'Eicar-Test-Signature',
      engine: 'clamav',
      digest: `sha256:${'ef'.repeat(32)}`,
      isDeleted: false,
    },
    {
      kind: 'configuration',
      id: 'f-4',
      severity: 'medium',
      checkId: 'GABION-IMG-0001',
      title: 'Runs as root',
      message: 'no USER is set',
      remediation: 'Set USER',
      benchmarks: ['CIS Docker Benchmark 1.7.0, 4.1'],
    },
    {
      kind: 'licence',
      id: 'f-5',
      severity: 'low',
      package: 0,
      licence: 'GPL-2.0-or-later',
      category: 'strong-copyleft',
      verdict: 'denied',
    },
  ],
  warnings: [{ code: 'file_too_large', message: 'opt/big was not read' }],
  fixPlan: {
    upgrades: [],
    commands: [{ packageType: 'deb', command: 'apt-get install -y libssl1.1=1.1.1n-0+deb11u4', note: '' }],
    remaining: none,
    unfixableCount: 0,
  },
  scanner: { name: 'gabion', version: '0.1.0' },
  startedAt: '2026-01-02T03:04:05Z',
  endedAt: '2026-01-02T03:04:07Z',
};

export const options = {
  serialNumber: '3e671687-395b-41f5-a30f-a58921a69b79',
  createdAt: '2026-01-02T03:04:08Z',
};

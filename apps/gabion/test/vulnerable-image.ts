import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ImageRecipe } from '@gabion/testkit/images';
import { file } from '@gabion/testkit/layer-tar';

const osRelease = ['PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"', 'ID=debian', 'VERSION_ID="12"', ''].join('\n');
const dpkgStatus = [
  'Package: openssl',
  'Status: install ok installed',
  'Architecture: amd64',
  'Version: 3.0.5',
  'Description: toolkit',
  '',
  '',
].join('\n');

/** An image of one Debian package, of a version that `advisories` says is vulnerable. */
export const vulnerableImage: ImageRecipe = {
  layers: [
    [file('etc/os-release', osRelease), file('var/lib/dpkg/status', 'Package: gone\n\n')],
    [file('var/lib/dpkg/status', dpkgStatus)],
  ],
};

/** Writes a feed of one OSV record into `directory`. */
export async function advisories(directory: string): Promise<void> {
  await mkdir(directory, { recursive: true });
  const record = {
    schema_version: '1.7.0',
    id: 'DEBIAN-CVE-2022-3602',
    aliases: ['CVE-2022-3602'],
    modified: '2022-11-02T00:00:00Z',
    summary: 'X.509 email address buffer overflow',
    severity: [{ type: 'CVSS_V3', score: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H' }],
    affected: [
      {
        package: { ecosystem: 'Debian:12', name: 'openssl' },
        ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }, { fixed: '3.0.7' }] }],
      },
    ],
  };
  await writeFile(join(directory, `${record.id}.json`), JSON.stringify(record));
}

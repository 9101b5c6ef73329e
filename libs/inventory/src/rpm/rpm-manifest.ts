import { linesOf } from '../lines.ts';
import { isName, isVersion, type RpmPackage } from './rpm-package.ts';

/** What the distroless images of Azure Linux and Mariner have in place of a database. */
export const manifestPath = 'var/lib/rpmmanifest/container-manifest-2';

/** Lines beyond so many are not read. */
const maxLines = 100_000;

/** Whether a file has lines of such a manifest. */
export function isManifest(content: Buffer): boolean {
  return content.length === 0 || parseManifest(content).length > 0;
}

/** The packages: a line each, of fields between tabs, as `rpm -qa` was asked for them. */
export function parseManifest(content: Buffer): RpmPackage[] {
  const packages: RpmPackage[] = [];
  for (const line of linesOf(content)) {
    const found = packageOf(line);
    if (found) packages.push(found);
    if (packages.length === maxLines) break;
  }
  return packages;
}

function packageOf(line: string): RpmPackage | undefined {
  // NAME, VERSION-RELEASE, INSTALLTIME, BUILDTIME, VENDOR, EPOCH, SIZE, ARCH, EPOCHNUM, SOURCERPM
  const [name = '', evr = '', , , vendor = '', , , architecture = '', epoch = '0', sourceRpm = ''] = line.split('\t');
  const [version = '', release = ''] = evr.split('-');
  if (!isName(name) || !isVersion(version) || !isVersion(release)) return undefined;
  return {
    name,
    epoch: /^\d{1,9}$/.test(epoch) ? Number(epoch) : 0,
    version,
    release,
    architecture: architecture.slice(0, 32),
    sourceRpm: sourceRpm.trim().slice(0, 512),
    vendor: vendor.slice(0, 256),
    license: '',
    modularityLabel: '',
    files: [],
  };
}

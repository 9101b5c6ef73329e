import type { Installed } from '../package.ts';
import { purl } from '../purl.ts';
import type { OperatingSystem } from '../system/os-release.ts';
import { distroOf } from '../system/system-ids.ts';
import type { RpmPackage } from './rpm-package.ts';

/** A package of rpm together with what only its purl tells. */
export interface RpmInstalled extends Installed {
  readonly rpm: Omit<RpmPackage, 'files'>;
}

/** Keys to check signatures with are in the database as packages of this name. */
const keyName = 'gpg-pubkey';

/** The package as the inventory has it; undefined for a key. */
export function installedOf(rpm: RpmPackage): RpmInstalled | undefined {
  if (rpm.name === keyName) return undefined;
  const plain = `${rpm.version}-${rpm.release}`;
  const source = sourceOf(rpm.sourceRpm);
  const version = withEpoch(rpm.epoch, plain);
  return {
    name: rpm.name,
    version,
    architecture: rpm.architecture,
    sourceName: source?.name ?? rpm.name,
    // File names have no epoch. A package with the version of its source has its epoch, too; others may have their own.
    sourceVersion: source && source.version !== plain ? source.version : version,
    licenses: rpm.license === '' ? [] : [rpm.license],
    module: moduleOf(rpm.modularityLabel),
    rpm,
  };
}

/** `epoch:version-release`; the epoch 0, which is that of a package without one, is left out. */
function withEpoch(epoch: number, version: string): string {
  return epoch > 0 ? `${epoch}:${version}` : version;
}

/** `bash-5.1.8-6.el9.src.rpm` */
function sourceOf(fileName: string): { name: string; version: string } | undefined {
  const bare = /^(.+)\.(?:no)?src\.rpm$/.exec(fileName)?.[1];
  const release = bare?.lastIndexOf('-') ?? -1;
  const version = release > 0 ? bare!.lastIndexOf('-', release - 1) : -1;
  return version > 0 ? { name: bare!.slice(0, version), version: bare!.slice(version + 1) } : undefined;
}

/** Name and stream of `name:stream:version:context:arch`. */
function moduleOf(label: string): string {
  return label.split(':', 2).join(':');
}

/** Vendors where they have another name than `ID` of os-release(5), as in the purls of advisories and of other tools. */
const namespaces: Readonly<Record<string, string>> = {
  rhel: 'redhat',
  ol: 'oracle',
  'opensuse-leap': 'opensuse',
  'opensuse-leap-micro': 'opensuse',
  'opensuse-tumbleweed': 'opensuse',
};

/** The purl of a package: the epoch is a qualifier, and `upstream` is the file name of the source package. */
export function rpmPurl({ rpm }: RpmInstalled, os: OperatingSystem | undefined): string {
  const id = os?.id ?? '';
  const namespace = /^(?:sle[sd_-]|sles?$|sled$|sl-micro|suse)/.test(id) ? 'suse' : (namespaces[id] ?? id);
  return purl({
    type: 'rpm',
    namespace,
    name: rpm.name,
    version: `${rpm.version}-${rpm.release}`,
    qualifiers: {
      arch: rpm.architecture,
      distro: distroOf(os),
      epoch: rpm.epoch > 0 ? String(rpm.epoch) : '',
      rpmmod: moduleOf(rpm.modularityLabel),
      upstream: rpm.sourceRpm,
    },
  });
}

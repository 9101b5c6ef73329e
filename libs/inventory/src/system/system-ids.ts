import type { Installed } from '../package.ts';
import { purl } from '../purl.ts';
import { ecosystemOf } from './ecosystem.ts';
import type { OperatingSystem } from './os-release.ts';

const vendorless = { deb: 'debian', apk: 'alpine', alpm: 'arch', opkg: 'openwrt' } as const;

/** Ecosystem and purl of packages of the system, by what the image says it is. */
export function systemIds(type: keyof typeof vendorless, os: OperatingSystem | undefined) {
  const namespace = os?.id ?? vendorless[type];
  const distro = distroOf(os);
  const ecosystem = os ? ecosystemOf(os) : '';
  return (installed: Installed) => {
    const { name, version, architecture } = installed;
    const qualifiers = { arch: architecture, distro, upstream: upstreamOf(installed) };
    return { ecosystem, purl: purl({ type, namespace, name: name.toLowerCase(), version, qualifiers }) };
  };
}

// As Syft writes it: the source package where it has another name, and its version where that is another.
function upstreamOf({ name, version, sourceName, sourceVersion }: Installed): string {
  // A binary-only rebuild of Debian adds +bN to the version of a source that stays as it is.
  const isOwnVersion = sourceVersion === '' || [version, version.replace(/\+b\d+$/, '')].includes(sourceVersion);
  if (sourceName === '' || (sourceName === name && isOwnVersion)) return '';
  return isOwnVersion ? sourceName : `${sourceName}@${sourceVersion}`;
}

/** The qualifier `distro` of package URLs: `debian-11`. */
export function distroOf(os: OperatingSystem | undefined): string {
  return os ? [os.id, os.version].filter((part) => part !== '').join('-') : '';
}

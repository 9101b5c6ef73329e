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
  return ({ name, version, architecture }: Installed) => ({
    ecosystem,
    purl: purl({ type, namespace, name: name.toLowerCase(), version, qualifiers: { arch: architecture, distro } }),
  });
}

/** The qualifier `distro` of package URLs: `debian-11`. */
export function distroOf(os: OperatingSystem | undefined): string {
  return os ? [os.id, os.version].filter((part) => part !== '').join('-') : '';
}

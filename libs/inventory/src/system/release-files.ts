import type { OperatingSystem } from './os-release.ts';

type Read = (path: string) => string | undefined;

/** How one file names its system. */
interface ReleaseFile {
  readonly path: string;
  system(text: string): OperatingSystem | undefined;
}

/** The first line of a file that begins as `named` says, with the first number in it as version. */
function line(path: string, ...named: readonly (readonly [prefix: string, id: string])[]): ReleaseFile {
  return {
    path,
    system(text) {
      const first = text.split('\n', 1)[0]!.trim().slice(0, 256);
      const id = named.find(([prefix]) => first.startsWith(prefix))?.[1];
      const version = /\d+(?:\.\d+){0,3}/.exec(first)?.[0] ?? '';
      return id === undefined ? undefined : { id, version, prettyName: first, codename: '' };
    },
  };
}

const redHat = [
  ['CentOS', 'centos'],
  ['Red Hat Enterprise Linux', 'rhel'],
  ['AlmaLinux', 'almalinux'],
  ['Rocky Linux', 'rocky'],
  ['Oracle Linux', 'ol'],
  ['Enterprise Linux Enterprise Linux', 'ol'],
  ['Fedora', 'fedora'],
  ['Amazon Linux', 'amzn'],
  ['Anolis OS', 'anolis'],
  ['Alibaba Cloud Linux', 'alinux'],
  ['Alibaba Group Enterprise Linux', 'alinux'],
  ['openEuler', 'openeuler'],
  ['Scientific Linux', 'scientific'],
] as const;

/**
 * Files of systems from before os-release(5), or of images that lack it. What a derived system writes for itself comes
 * before what it keeps of its origin: Oracle Linux has the redhat-release of Red Hat, Ubuntu the debian_version of Debian.
 */
const files: readonly ReleaseFile[] = [
  line('etc/oracle-release', ...redHat),
  line('etc/enterprise-release', ...redHat),
  line('etc/centos-release', ...redHat),
  line('etc/almalinux-release', ...redHat),
  line('etc/rocky-release', ...redHat),
  line('etc/fedora-release', ...redHat),
  line('etc/anolis-release', ...redHat),
  line('etc/alinux-release', ...redHat),
  line('etc/system-release', ...redHat),
  line('etc/redhat-release', ...redHat),
  line('etc/photon-release', ['VMware Photon', 'photon'], ['Photon OS', 'photon']),
  line('etc/mariner-release', ['CBL-Mariner', 'mariner'], ['CBL Mariner', 'mariner']),
  line('etc/azurelinux-release', ['Azure Linux', 'azurelinux'], ['AzureLinux', 'azurelinux']),
  { path: 'etc/SuSE-release', system: suse },
  { path: 'etc/lsb-release', system: lsb },
  {
    path: 'etc/alpine-release',
    system: (text) => {
      const version = text.trim().slice(0, 64);
      return version === ''
        ? undefined
        : { id: 'alpine', version, prettyName: `Alpine Linux ${version}`, codename: '' };
    },
  },
  // An empty file.
  { path: 'etc/arch-release', system: () => ({ id: 'arch', version: '', prettyName: 'Arch Linux', codename: '' }) },
  { path: 'etc/debian_version', system: debian },
];

export const releaseFiles: readonly string[] = files.map(({ path }) => path);

/** The operating system by the first of the older release files that names one. */
export function systemOfReleaseFiles(read: Read): OperatingSystem | undefined {
  for (const { path, system } of files) {
    const text = read(path);
    const found = text === undefined ? undefined : system(text);
    if (found) return found;
  }
  return undefined;
}

/** `SUSE Linux Enterprise Server 11 (x86_64)`, then `VERSION = 11` and `PATCHLEVEL = 4`. */
function suse(text: string): OperatingSystem | undefined {
  const prettyName = text.split('\n', 1)[0]!.trim().slice(0, 256);
  const version = /^VERSION *= *([\d.]+)/m.exec(text)?.[1] ?? '';
  const level = /^PATCHLEVEL *= *(\d+)/m.exec(text)?.[1] ?? '0';
  if (/^openSUSE/i.test(prettyName)) return { id: 'opensuse', version, prettyName, codename: '' };
  const id = /^SUSE Linux Enterprise Desktop/.test(prettyName) ? 'sled' : 'sles';
  if (!prettyName.startsWith('SUSE Linux Enterprise')) return undefined;
  return { id, version: level === '0' ? version : `${version}.${level}`, prettyName, codename: '' };
}

/** Only Ubuntu is recognised by it: others have better files, and tools write one for any system. */
function lsb(text: string): OperatingSystem | undefined {
  const of = (name: string) => new RegExp(`^${name}="?([^"\\n]{0,256})`, 'm').exec(text)?.[1]?.trim() ?? '';
  if (of('DISTRIB_ID') !== 'Ubuntu') return undefined;
  const version = of('DISTRIB_RELEASE');
  return { id: 'ubuntu', version, prettyName: of('DISTRIB_DESCRIPTION'), codename: of('DISTRIB_CODENAME') };
}

/** A release says `11.3`; before it, `bookworm/sid`. */
function debian(text: string): OperatingSystem | undefined {
  const said = text.split('\n', 1)[0]!.trim().slice(0, 64);
  if (said === '') return undefined;
  return { id: 'debian', version: /^\d+/.exec(said)?.[0] ?? '', prettyName: `Debian ${said}`, codename: '' };
}

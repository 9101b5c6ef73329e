import type { OperatingSystem } from '@gabion/inventory/system/os-release';
import type { PurlParts } from '@gabion/purl/purl';

/** `ID` of os-release(5) by the namespaces that tools write in place of it. */
const ids: Readonly<Record<string, string>> = {
  redhat: 'rhel',
  'red hat enterprise linux': 'rhel',
  oracle: 'ol',
  oraclelinux: 'ol',
  'oracle linux': 'ol',
  amazon: 'amzn',
  amazonlinux: 'amzn',
  'amazon linux': 'amzn',
  alma: 'almalinux',
  rockylinux: 'rocky',
  'rocky linux': 'rocky',
  suse: 'sles',
  'suse linux enterprise server': 'sles',
  'opensuse.leap': 'opensuse-leap',
  'opensuse.tumbleweed': 'opensuse-tumbleweed',
  'cbl-mariner': 'mariner',
  azure: 'azurelinux',
  'debian gnu/linux': 'debian',
  'alpine linux': 'alpine',
};

/** Releases that tools name by their codename alone. */
const codenames: Readonly<Record<string, readonly [id: string, version: string]>> = {
  stretch: ['debian', '9'],
  buster: ['debian', '10'],
  bullseye: ['debian', '11'],
  bookworm: ['debian', '12'],
  trixie: ['debian', '13'],
  xenial: ['ubuntu', '16.04'],
  bionic: ['ubuntu', '18.04'],
  focal: ['ubuntu', '20.04'],
  jammy: ['ubuntu', '22.04'],
  noble: ['ubuntu', '24.04'],
  resolute: ['ubuntu', '26.04'],
};

/** An operating system by the name and version of a component, as Syft, Trivy and cdxgen write them. */
export function systemNamed(name: string, version: string): OperatingSystem | undefined {
  const lower = name.trim().toLowerCase();
  const id = ids[lower] ?? lower;
  if (!/^[a-z0-9._-]{1,64}$/.test(id) || version.length > 64) return undefined;
  const [codenameId, release] = codenames[version.toLowerCase()] ?? [];
  const number = codenameId === id && release ? release : version.replace(/^v(?=\d)/, '');
  return { id, version: number, prettyName: `${name.trim()} ${version}`.trim(), codename: release ? version : '' };
}

/**
 * The operating system that a package URL of a system's package names: Docker Scout's `os_name` and `os_version`, else
 * `distro` as `debian-11`, `debian-bullseye` or `bullseye`. Undefined where it names no release.
 */
export function systemOfPurl({ namespace, qualifiers }: PurlParts): OperatingSystem | undefined {
  const osName = qualifiers.get('os_name');
  const osVersion = qualifiers.get('os_version');
  if (osName && osVersion) return systemNamed(osName, osVersion);
  const distro = qualifiers.get('distro')?.toLowerCase() ?? '';
  const [codenameId, release] = codenames[distro] ?? [];
  if (codenameId && release) return systemNamed(codenameId, release);
  const [, id, version] = /^([a-z][a-z0-9._-]*?)-v?(\d[^-]*)$/.exec(distro) ?? [];
  if (id && version) return systemNamed(id, version);
  const [, idOfCodename, codename] = /^([a-z]+)-([a-z]+)$/.exec(distro) ?? [];
  if (idOfCodename && codename && codenames[codename]) return systemNamed(idOfCodename, codename);
  // Rolling systems have no version, and purl-spec's own examples write the bare one: `distro=fedora-25`, `distro=11`.
  if (/^\d[\d.]*$/.test(distro) && namespace) return systemNamed(namespace, distro);
  return ['wolfi', 'chainguard', 'arch', 'minimos'].includes(namespace) ? systemNamed(namespace, '') : undefined;
}

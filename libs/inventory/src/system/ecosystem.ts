import type { OperatingSystem } from './os-release.ts';

/** The names by which advisories speak of a system's packages; systems that are not here have none. */
export function ecosystemOf(os: OperatingSystem): string {
  return ecosystems.get(os.id)?.(os) ?? plain(os);
}

/** Whether the system's packages have a name in advisories at all, which those of a derived system have not. */
export function hasEcosystem({ id }: OperatingSystem): boolean {
  return ecosystems.has(id);
}

/** Whether advisories speak of a system. Its relatives' (`ID_LIKE`) do not: versions differ. */
export function hasAdvisories({ id }: OperatingSystem): boolean {
  return ecosystems.has(id) && !unheardOf.has(id);
}

type Naming = (os: OperatingSystem) => string;

const plain: Naming = ({ id, version }) => (version === '' ? id : `${id}:${version}`);

/** `Name:9.4`. */
const byVersion =
  (name: string): Naming =>
  ({ version }) =>
    version === '' ? name : `${name}:${version}`;

/** `Name:9`. */
const byMajor =
  (name: string): Naming =>
  ({ version }) =>
    version === '' ? name : `${name}:${majorOf(version)}`;

const suse = byVersion('SUSE');

const ecosystems: ReadonlyMap<string, Naming> = new Map<string, Naming>([
  ['debian', debian],
  ['ubuntu', byVersion('Ubuntu')],
  ['alpine', alpine],
  ['wolfi', () => 'Wolfi'],
  ['chainguard', () => 'Chainguard'],
  ['minimos', () => 'MinimOS'],
  ['echo', () => 'Echo'],
  ['rhel', byMajor('Red Hat')],
  ['centos', centos],
  ['almalinux', byMajor('AlmaLinux')],
  ['rocky', byMajor('Rocky Linux')],
  ['ol', byMajor('Oracle Linux')],
  ['amzn', amazon],
  ['fedora', byMajor('Fedora')],
  // Products of one code base that SUSE's advisories name apart; their numbers do not meet.
  ...['sles', 'sled', 'sles_sap', 'sle_hpc', 'sle-hpc', 'suse_sles', 'sle-micro', 'sl-micro', 'suse-microos'].map(
    (id) => [id, suse] as const,
  ),
  ['opensuse', openSuse],
  ['opensuse-leap', byVersion('openSUSE Leap')],
  ['opensuse-leap-micro', byVersion('openSUSE Leap Micro')],
  ['opensuse-tumbleweed', () => 'openSUSE Tumbleweed'],
  ['azurelinux', byRelease('Azure Linux')],
  ['mariner', byRelease('Mariner')],
  ['photon', byRelease('Photon OS')],
  ['anolis', byMajor('Anolis OS')],
  ['alinux', byMajor('Alibaba Cloud Linux')],
  ['openeuler', openEuler],
  ['mageia', byMajor('Mageia')],
  ['arch', () => 'Arch'],
]);

/** Systems with an ecosystem of their own, of which no feed speaks that is read. */
const unheardOf: ReadonlySet<string> = new Set(['sle-micro', 'sl-micro', 'suse-microos', 'opensuse-leap-micro']);

/** Releases of Debian by codename, for those that os-release leaves without a number. */
const debianReleases: Readonly<Record<string, string>> = {
  jessie: '8',
  stretch: '9',
  buster: '10',
  bullseye: '11',
  bookworm: '12',
  trixie: '13',
  forky: '14',
  duke: '15',
};

/** Testing and unstable both call themselves `forky/sid`: what they have becomes the release of that codename. */
function debian({ version, codename, prettyName }: OperatingSystem): string {
  const named = /\b([a-z]+)\/sid\b/.exec(prettyName)?.[1] ?? '';
  const release = majorOf(version) || debianReleases[codename] || debianReleases[named];
  return release ? `Debian:${release}` : 'Debian';
}

function alpine({ version }: OperatingSystem): string {
  const [major = '', minor] = version.split('.');
  // Before a release edge calls itself 3.21.0_alpha20241010.
  return /alpha|edge/.test(version) || minor === undefined ? 'Alpine:edge' : `Alpine:v${major}.${minor}`;
}

/** From 9 on there is only Stream; of 8 there were both. */
function centos({ version, prettyName }: OperatingSystem): string {
  const major = majorOf(version);
  const isStream = /\bstream\b/i.test(prettyName) || Number(major) >= 9;
  return major === '' ? 'CentOS' : `${isStream ? 'CentOS Stream' : 'CentOS'}:${major}`;
}

/** The first Amazon Linux had years and months for versions, 2012.03 to 2018.03. */
function amazon({ version }: OperatingSystem): string {
  if (/^201\d\.\d+/.test(version)) return 'Amazon Linux:1';
  return version === '' ? 'Amazon Linux' : `Amazon Linux:${majorOf(version)}`;
}

/** Before Leap and Tumbleweed had names of their own. */
function openSuse(os: OperatingSystem): string {
  if (/tumbleweed/i.test(os.prettyName)) return 'openSUSE Tumbleweed';
  const isLeap = Number(majorOf(os.version)) >= 42;
  return byVersion(isLeap ? 'openSUSE Leap' : 'openSUSE')(os);
}

/** `22.03 (LTS-SP3)` is OSV's `22.03-LTS-SP3`. */
function openEuler({ version, prettyName }: OperatingSystem): string {
  const support = /\((LTS(?:-SP\d+)?)\)/.exec(prettyName)?.[1];
  return `openEuler:${version}${support ? `-${support}` : ''}`;
}

/** `Name:3.0`, whatever build follows it. */
function byRelease(name: string): Naming {
  return ({ version }) => {
    const release = /^\d+\.\d+/.exec(version)?.[0] ?? version;
    return release === '' ? name : `${name}:${/^\d+$/.test(release) ? `${release}.0` : release}`;
  };
}

function majorOf(version: string): string {
  return version.split('.', 1)[0]!;
}

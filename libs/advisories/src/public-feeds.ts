import type { AdvisoryFormat } from './advisory.ts';

/** A feed as its owner publishes it. */
export interface PublicFeed {
  /** The name of the import, unique. */
  readonly name: string;
  /** Every address belongs to the feed; `{year}` stands for each year from `firstYear` to the present one. */
  readonly urls: readonly string[];
  readonly firstYear?: number;
  readonly format: AdvisoryFormat;
  /** What it speaks of; an ecosystem without release stands for all of its releases. Empty: facts of vulnerabilities. */
  readonly ecosystems: readonly string[];
  /** Read without being asked for. */
  readonly isDefault: boolean;
  readonly intervalHours: number;
  /** The ecosystem of files that do not name theirs. */
  readonly ecosystem?: string;
  /** The addresses list the files: `repomd` names updateinfo, `mirror_list` a mirror with repodata. */
  readonly indirection?: 'repomd' | 'mirror_list';
}

const osv = 'https://osv-vulnerabilities.storage.googleapis.com';

/** The dump of an ecosystem, and of nothing else: `all.zip` is made anew several times a day. */
function osvDump(name: string, ecosystem: string, isDefault = true): PublicFeed {
  const urls = [`${osv}/${encodeURIComponent(ecosystem)}/all.zip`];
  return { name, urls, format: 'osv', ecosystems: [ecosystem], isDefault, intervalHours: 6 };
}

const alpineReleases = '3.10 3.11 3.12 3.13 3.14 3.15 3.16 3.17 3.18 3.19 3.20 3.21 3.22'
  .split(' ')
  .map((each) => `v${each}`);

const secdb = 'https://secdb.alpinelinux.org';

const distributions: readonly PublicFeed[] = [
  {
    name: 'debian-tracker',
    urls: ['https://security-tracker.debian.org/tracker/data/json'],
    format: 'debian_tracker',
    ecosystems: ['Debian'],
    isDefault: true,
    intervalHours: 6,
  },
  osvDump('ubuntu-osv', 'Ubuntu'),
  {
    name: 'alpine-secdb',
    urls: [...alpineReleases, 'edge'].flatMap((release) => [
      `${secdb}/${release}/main.json`,
      `${secdb}/${release}/community.json`,
    ]),
    format: 'alpine_secdb',
    ecosystems: ['Alpine'],
    isDefault: true,
    intervalHours: 6,
  },
  {
    name: 'wolfi-secdb',
    urls: ['https://packages.wolfi.dev/os/security.json'],
    format: 'alpine_secdb',
    ecosystems: ['Wolfi'],
    isDefault: true,
    intervalHours: 6,
  },
  {
    name: 'chainguard-secdb',
    urls: ['https://packages.cgr.dev/chainguard/security.json'],
    format: 'alpine_secdb',
    ecosystems: ['Chainguard'],
    isDefault: true,
    intervalHours: 6,
  },
  {
    name: 'minimos-osv',
    urls: [`${osv}/MinimOS/all.zip`],
    format: 'osv',
    ecosystems: ['MinimOS'],
    isDefault: true,
    intervalHours: 12,
  },
  {
    name: 'redhat-vex',
    // The name of the newest archive stands in archive_latest.txt; changes.csv lists what changed after it.
    urls: ['https://security.access.redhat.com/data/csaf/v2/vex/archive_latest.txt'],
    format: 'csaf',
    ecosystems: ['Red Hat', 'CentOS'],
    isDefault: true,
    intervalHours: 12,
  },
  osvDump('almalinux-osv', 'AlmaLinux'),
  osvDump('rocky-osv', 'Rocky Linux'),
  {
    name: 'oracle-oval',
    urls: ['https://linux.oracle.com/security/oval/com.oracle.elsa-{year}.xml.bz2'],
    firstYear: 2007,
    format: 'oval',
    ecosystems: ['Oracle Linux'],
    isDefault: true,
    intervalHours: 12,
  },
  {
    name: 'amazon-2-updateinfo',
    urls: ['https://cdn.amazonlinux.com/2/core/latest/x86_64/mirror.list'],
    format: 'updateinfo',
    ecosystems: ['Amazon Linux:2'],
    ecosystem: 'Amazon Linux:2',
    indirection: 'mirror_list',
    isDefault: true,
    intervalHours: 12,
  },
  {
    name: 'amazon-2023-updateinfo',
    urls: ['https://cdn.amazonlinux.com/al2023/core/mirrors/latest/x86_64/mirror.list'],
    format: 'updateinfo',
    ecosystems: ['Amazon Linux:2023'],
    ecosystem: 'Amazon Linux:2023',
    indirection: 'mirror_list',
    isDefault: true,
    intervalHours: 12,
  },
  {
    name: 'suse-vex',
    urls: ['https://ftp.suse.com/pub/projects/security/csaf-vex.tar.bz2'],
    format: 'csaf',
    ecosystems: ['SUSE', 'openSUSE Leap', 'openSUSE Tumbleweed'],
    isDefault: true,
    intervalHours: 24,
  },
  {
    name: 'azure-linux-oval',
    urls: [
      'https://raw.githubusercontent.com/microsoft/AzureLinuxVulnerabilityData/main/azurelinux-3.0-oval.xml',
      'https://raw.githubusercontent.com/microsoft/AzureLinuxVulnerabilityData/main/cbl-mariner-2.0-oval.xml',
    ],
    format: 'oval',
    ecosystems: ['Azure Linux', 'Mariner'],
    isDefault: true,
    intervalHours: 24,
  },
  {
    name: 'photon-cve',
    urls: ['3.0', '4.0', '5.0'].map(
      (release) => `https://packages.broadcom.com/photon/photon_cve_metadata/cve_data_photon${release}.json`,
    ),
    format: 'photon',
    ecosystems: ['Photon OS'],
    isDefault: true,
    intervalHours: 24,
  },
  {
    name: 'arch-tracker',
    urls: ['https://security.archlinux.org/all.json'],
    format: 'arch',
    ecosystems: ['Arch'],
    isDefault: true,
    intervalHours: 24,
  },
];

const alternatives: readonly PublicFeed[] = [
  {
    name: 'debian-lists',
    urls: ['DSA', 'DLA'].map(
      (kind) => `https://salsa.debian.org/security-tracker-team/security-tracker/-/raw/master/data/${kind}/list`,
    ),
    format: 'debian_lists',
    ecosystems: ['Debian'],
    isDefault: false,
    intervalHours: 12,
  },
  {
    name: 'ubuntu-tracker',
    urls: ['https://git.launchpad.net/ubuntu-cve-tracker/snapshot/ubuntu-cve-tracker-master.tar.gz'],
    format: 'ubuntu_tracker',
    ecosystems: ['Ubuntu'],
    isDefault: false,
    intervalHours: 24,
  },
  {
    name: 'almalinux-errata',
    urls: ['8', '9', '10'].map((release) => `https://errata.almalinux.org/${release}/errata.full.json`),
    format: 'errata_json',
    ecosystems: ['AlmaLinux'],
    isDefault: false,
    intervalHours: 12,
  },
  {
    name: 'gitlab-advisories',
    urls: ['https://gitlab.com/gitlab-org/advisories-community/-/archive/main/advisories-community-main.tar.gz'],
    format: 'gitlab',
    ecosystems: ['npm', 'PyPI', 'Maven', 'Go', 'RubyGems', 'crates.io', 'NuGet', 'Packagist'],
    isDefault: false,
    intervalHours: 24,
  },
  {
    name: 'rustsec',
    urls: ['https://github.com/rustsec/advisory-db/archive/refs/heads/main.tar.gz'],
    format: 'rustsec',
    ecosystems: ['crates.io'],
    isDefault: false,
    intervalHours: 24,
  },
];

const facts: readonly PublicFeed[] = [
  {
    name: 'epss',
    urls: ['https://epss.empiricalsecurity.com/epss_scores-current.csv.gz'],
    format: 'epss',
    ecosystems: [],
    isDefault: true,
    intervalHours: 24,
  },
  {
    name: 'kev',
    urls: ['https://www.cisa.gov/sites/default/files/feeds/known_exploited_vulnerabilities.json'],
    format: 'kev',
    ecosystems: [],
    isDefault: true,
    intervalHours: 6,
  },
  {
    name: 'endoflife',
    urls: 'almalinux alpine amazon-linux centos centos-stream debian fedora opensuse oracle-linux photon rhel rocky-linux sles ubuntu'
      .split(' ')
      .map((product) => `https://endoflife.date/api/${product}.json`),
    format: 'endoflife',
    ecosystems: [],
    isDefault: true,
    intervalHours: 168,
  },
  {
    name: 'nvd',
    urls: ['https://nvd.nist.gov/feeds/json/cve/2.0/nvdcve-2.0-{year}.json.gz'],
    firstYear: 2002,
    format: 'nvd',
    ecosystems: ['generic'],
    isDefault: false,
    intervalHours: 24,
  },
];

/** The feeds that an installation reads at their own addresses; nothing of them is redistributed. */
export const publicFeeds: readonly PublicFeed[] = [
  ...distributions,
  ...[
    ['npm', 'npm'],
    ['pypi', 'PyPI'],
    ['maven', 'Maven'],
    ['go', 'Go'],
    ['rubygems', 'RubyGems'],
    ['crates-io', 'crates.io'],
    ['nuget', 'NuGet'],
    ['packagist', 'Packagist'],
    ['hex', 'Hex'],
    ['pub', 'Pub'],
    ['swift', 'SwiftURL'],
    ['cran', 'CRAN'],
    ['bitnami', 'Bitnami'],
  ].map(([name, ecosystem]) => osvDump(`${name}-osv`, ecosystem!)),
  ...alternatives,
  ...facts,
];

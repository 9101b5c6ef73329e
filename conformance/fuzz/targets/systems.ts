import { file } from '@gabion/testkit/layer-tar';
import { addRpms, berkeleyFile, ndbFile, rpmHeader, sqliteFiles } from '@gabion/testkit/rpm-database';
import { packagedFile } from '../packaged-file.ts';
import { type Target, texts } from '../target.ts';

const rpms = [
  {
    name: 'bash',
    version: '5.1',
    release: '2.el9',
    epoch: 1,
    sourceRpm: 'bash-5.1-2.el9.src.rpm',
    vendor: 'A',
    files: ['/bin/bash'],
  },
  { name: 'curl', version: '7.0', release: '1.el9', license: 'MIT', padding: 9000 },
];
const headers = rpms.map(rpmHeader);
const [withLog] = sqliteFiles(['journal_mode=WAL'], addRpms(...rpms));
const [plain] = sqliteFiles([], addRpms(...rpms));
const emptyMain = sqliteFiles(['journal_mode=WAL'], addRpms())[0]!.main;
const release = file('etc/os-release', 'ID=debian\nVERSION_ID="12"\n');

/** Databases of package managers, and what says which system an image is. */
export const systemTargets: readonly Target[] = [
  packagedFile({
    name: 'os-release',
    path: 'etc/os-release',
    samples: texts('NAME="Alpine Linux"\nID=alpine\nVERSION_ID=3.18.4\nPRETTY_NAME=\'A "b" \\$c\'\n'),
    beside: [file('lib/apk/db/installed', 'P:musl\nV:1.2.4-r2\nA:x86_64\n\n')],
  }),
  packagedFile({
    name: 'dpkg',
    path: 'var/lib/dpkg/status',
    beside: [release],
    samples: texts(
      'Package: openssl\nStatus: install ok installed\nArchitecture: amd64\nVersion: 3.0.11-1~deb12u2\nSource: openssl (3.0.11-1)\nDescription: a\n b\n .\nConffiles:\n /etc/a 0123\n\nPackage: a\nStatus: deinstall ok config-files\nVersion: 1\n\n',
    ),
  }),
  packagedFile({
    name: 'dpkg-copyright',
    path: 'usr/share/doc/a/copyright',
    beside: [
      release,
      file('var/lib/dpkg/status', 'Package: a\nStatus: install ok installed\nVersion: 1\nArchitecture: all\n'),
    ],
    samples: texts(
      'Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n\nFiles: *\nLicense: GPL-2+ and MIT\n',
      'see /usr/share/common-licenses/GPL-2 for it\n',
    ),
  }),
  packagedFile({
    name: 'apk',
    path: 'lib/apk/db/installed',
    samples: texts(
      'C:Q1abc=\nP:musl\nV:1.2.4-r2\nA:x86_64\no:musl\nL:MIT\nF:lib\nR:ld-musl-x86_64.so.1\na:0:0:755\nZ:Q1x=\n\nP:b\nV:1-r0\n\n',
    ),
  }),
  packagedFile({
    name: 'pacman',
    path: 'var/lib/pacman/local/a-1-1/desc',
    samples: texts('%NAME%\na\n\n%VERSION%\n1:1.0-1\n\n%BASE%\na\n\n%ARCH%\nx86_64\n\n%LICENSE%\nMIT\nBSD\n\n'),
  }),
  packagedFile({
    name: 'opkg',
    path: 'usr/lib/opkg/status',
    samples: texts('Package: busybox\nVersion: 1.36.1-1\nStatus: install user installed\nArchitecture: x86_64\n\n'),
  }),
  packagedFile({ name: 'rpm-ndb', path: 'usr/lib/sysimage/rpm/Packages.db', samples: [ndbFile(headers)] }),
  packagedFile({
    name: 'rpm-berkeley',
    path: 'var/lib/rpm/Packages',
    samples: [
      berkeleyFile(headers),
      berkeleyFile(headers, { isBigEndian: true }),
      berkeleyFile(headers, { pageSize: 512 }),
    ],
  }),
  packagedFile({ name: 'rpm-sqlite', path: 'var/lib/rpm/rpmdb.sqlite', samples: [plain!.main] }),
  packagedFile({
    name: 'rpm-sqlite-log',
    path: 'var/lib/rpm/rpmdb.sqlite-wal',
    beside: [file('var/lib/rpm/rpmdb.sqlite', emptyMain)],
    samples: [withLog!.log],
  }),
  packagedFile({
    name: 'rpm-header',
    path: 'usr/lib/sysimage/rpm/Packages.db',
    samples: headers,
    pack: (input) => ndbFile([input]),
  }),
  packagedFile({
    name: 'rpm-manifest',
    path: 'var/lib/rpmmanifest/container-manifest-2',
    samples: texts(
      'bash\t5.1.8-2.cm2\t1653816591\t1653753130\tMicrosoft Corporation\t(none)\t3515190\tx86_64\t0\tbash-5.1.8-2.cm2.src.rpm\n',
    ),
  }),
];

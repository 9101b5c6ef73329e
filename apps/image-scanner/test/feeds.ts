import { layerTar } from '@gabion/testkit/layer-tar';

/** Files of a feed by their path. */
export type TestFeed = Readonly<Record<string, string>>;

/** A feed as the tar in which it is sent. */
export function feedOf(files: TestFeed): Buffer {
  return layerTar(Object.entries(files).map(([path, content]) => ({ path, content })));
}

/** A list of Debian's security tracker that fixes openssl and libxml2 in bullseye. */
export const debianList: TestFeed = {
  'DSA/list': [
    '[26 Aug 2021] DSA-4963-1 openssl - security update',
    '\t{CVE-2021-3711 CVE-2021-3712}',
    '\t[bullseye] - openssl 1.1.1k-1+deb11u1',
    '[20 May 2022] DSA-5142-1 libxml2 - security update',
    '\t{CVE-2022-29824}',
    '\t[bullseye] - libxml2 2.9.10+dfsg-6.7+deb11u2',
    '',
  ].join('\n'),
};

/** The security fixes of Alpine 3.10's main repository, as far as busybox and musl go. */
export const alpineSecdb: TestFeed = {
  'v3.10/main.yaml': [
    'distroversion: v3.10',
    'reponame: main',
    'archs:',
    '  - x86_64',
    'packages:',
    '  - pkg:',
    '      name: busybox',
    '      secfixes:',
    '        1.30.1-r5:',
    '          - CVE-2021-28831',
    '  - pkg:',
    '      name: musl',
    '      secfixes:',
    '        1.1.22-r3:',
    '          - CVE-2019-14697',
    '',
  ].join('\n'),
};

/** An OSV record of an npm package. */
export function npmAdvisory(about: {
  id: string;
  alias: string;
  name: string;
  fixed: string;
  vector?: string;
  modified?: string;
}): TestFeed {
  const record = {
    id: about.id,
    aliases: [about.alias],
    summary: `${about.name} can be misled`,
    modified: about.modified ?? '2024-05-01T00:00:00Z',
    severity: about.vector ? [{ type: 'CVSS_V3', score: about.vector }] : [],
    affected: [
      {
        package: { ecosystem: 'npm', name: about.name },
        ranges: [{ type: 'SEMVER', events: [{ introduced: '0' }, { fixed: about.fixed }] }],
      },
    ],
  };
  return { [`${about.id}.json`]: JSON.stringify(record) };
}

export const lodashAdvisory = npmAdvisory({
  id: 'GHSA-jf85-cpcp-j695',
  alias: 'CVE-2019-10744',
  name: 'lodash',
  fixed: '4.17.12',
  vector: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:H/A:H',
});

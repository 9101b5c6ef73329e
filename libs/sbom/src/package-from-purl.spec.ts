import { describe, expect, it } from '@jest/globals';
import { type PackageHints, packageFromPurl } from './package-from-purl.ts';
import { systemNamed } from './system-of-purl.ts';

const debian = systemNamed('debian', '11')!;

describe('packages of package URLs', () => {
  it.each<[string, string, PackageHints, Record<string, string>]>([
    [
      'Syft, deb',
      'pkg:deb/debian/libc6@2.31-13%2Bb1?arch=amd64&distro=debian-11&upstream=glibc%402.31-13',
      {},
      { ecosystem: 'Debian:11', sourceName: 'glibc', sourceVersion: '2.31-13', architecture: 'amd64' },
    ],
    [
      'a rebuild',
      'pkg:deb/debian/bash@5.1-2%2Bb3?distro=debian-11',
      {},
      { sourceName: 'bash', sourceVersion: '5.1-2' },
    ],
    [
      'Trivy, deb with an epoch',
      'pkg:deb/ubuntu/vim@8.1-1?distro=ubuntu-20.04&epoch=2',
      { sourceName: 'vim', sourceVersion: '2:8.1-1' },
      { ecosystem: 'Ubuntu:20.04', version: '2:8.1-1', sourceVersion: '2:8.1-1' },
    ],
    [
      'Docker Scout',
      'pkg:deb/debian/zlib1g@1.2?os_distro=bullseye&os_name=debian&os_version=11',
      {},
      { ecosystem: 'Debian:11' },
    ],
    ['a codename', 'pkg:deb/debian/zlib1g@1.2?distro=bookworm', {}, { ecosystem: 'Debian:12' }],
    [
      'the system of the document',
      'pkg:deb/debian/zlib1g@1.2',
      { operatingSystem: debian },
      { ecosystem: 'Debian:11' },
    ],
    [
      'Syft, apk',
      'pkg:apk/alpine/libssl3@3.1.4-r0?arch=x86_64&upstream=openssl&distro=alpine-3.18.4',
      {},
      { ecosystem: 'Alpine:v3.18', sourceName: 'openssl', sourceVersion: '3.1.4-r0' },
    ],
    ['a rolling system', 'pkg:apk/wolfi/curl@8.1-r0', {}, { ecosystem: 'Wolfi' }],
    [
      'Syft, rpm',
      'pkg:rpm/redhat/openssl-libs@1.1.1k-9.el8?arch=x86_64&epoch=1&upstream=openssl-1.1.1k-9.el8.src.rpm&distro=rhel-8.6',
      {},
      { ecosystem: 'Red Hat:8', version: '1:1.1.1k-9.el8', sourceName: 'openssl', sourceVersion: '1:1.1.1k-9.el8' },
    ],
    [
      'a module',
      'pkg:rpm/almalinux/nodejs@12.1-1.el8?distro=almalinux-8.9&rpmmod=nodejs:12:8020:abc',
      {},
      { ecosystem: 'AlmaLinux:8', module: 'nodejs:12' },
    ],
    ['npm', 'pkg:npm/%40babel/core@7.0.0', {}, { ecosystem: 'npm', name: '@babel/core' }],
    [
      'Maven',
      'pkg:maven/org.apache.logging.log4j/log4j-core@2.14.1?type=jar',
      {},
      { ecosystem: 'Maven', name: 'org.apache.logging.log4j:log4j-core' },
    ],
    ['Go', 'pkg:golang/github.com/gogo/protobuf@v1.3.1', {}, { ecosystem: 'Go', name: 'github.com/gogo/protobuf' }],
    ['Bitnami', 'pkg:bitnami/redis@7.0.1-2', {}, { ecosystem: 'Bitnami' }],
    ['a version beside it', 'pkg:pypi/requests', { version: '2.1' }, { ecosystem: 'PyPI', version: '2.1' }],
  ])('%s', (_who, purl, hints, expected) => expect(packageFromPurl(purl, hints)).toMatchObject(expected));

  it.each(['pkg:oci/alpine@sha256%3Aaa', 'pkg:github/a/b@1', 'pkg:npm/a', 'nonsense'])('%s is no package', (purl) =>
    expect(packageFromPurl(purl)).toBeUndefined(),
  );
});

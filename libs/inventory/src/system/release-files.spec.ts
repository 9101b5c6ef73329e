import { describe, expect, it } from '@jest/globals';
import { ecosystemOf } from './ecosystem.ts';
import { systemOfReleaseFiles } from './release-files.ts';

function ecosystem(files: Readonly<Record<string, string>>) {
  const os = systemOfReleaseFiles((path) => files[path]);
  return os && ecosystemOf(os);
}

describe('systemOfReleaseFiles', () => {
  it.each([
    ['CentOS:6', { 'etc/centos-release': 'CentOS release 6.10 (Final)\n' }],
    ['CentOS:5', { 'etc/redhat-release': 'CentOS release 5.11 (Final)\n' }],
    ['CentOS Stream:8', { 'etc/redhat-release': 'CentOS Stream release 8\n' }],
    ['Red Hat:6', { 'etc/redhat-release': 'Red Hat Enterprise Linux Server release 6.10 (Santiago)\n' }],
    ['AlmaLinux:8', { 'etc/redhat-release': 'AlmaLinux release 8.5 (Arctic Sphynx)\n' }],
    ['Fedora:35', { 'etc/fedora-release': 'Fedora release 35 (Thirty Five)\n' }],
    ['Amazon Linux:1', { 'etc/system-release': 'Amazon Linux AMI release 2018.03\n' }],
    ['Amazon Linux:2', { 'etc/system-release': 'Amazon Linux release 2 (Karoo)\n' }],
    ['Photon OS:4.0', { 'etc/photon-release': 'VMware Photon OS 4.0\nPHOTON_BUILD_NUMBER=1526e30ba\n' }],
    ['Mariner:1.0', { 'etc/mariner-release': 'CBL-Mariner 1.0.20210224\nMARINER_BUILD_NUMBER=1\n' }],
    ['SUSE:11.4', { 'etc/SuSE-release': 'SUSE Linux Enterprise Server 11 (x86_64)\nVERSION = 11\nPATCHLEVEL = 4\n' }],
    ['openSUSE:13.2', { 'etc/SuSE-release': 'openSUSE 13.2 (x86_64)\nVERSION = 13.2\nCODENAME = Harlequin\n' }],
    ['Alpine:v3.18', { 'etc/alpine-release': '3.18.2\n' }],
    ['Arch', { 'etc/arch-release': '' }],
    ['Debian:11', { 'etc/debian_version': '11.3\n' }],
    ['Debian:12', { 'etc/debian_version': 'bookworm/sid\n' }],
  ])('finds %s', (expected, files) => expect(ecosystem(files)).toBe(expected));

  it('believes what a derived system says before what it keeps of its origin', () => {
    const redHat = { 'etc/redhat-release': 'Red Hat Enterprise Linux Server release 6.10 (Santiago)\n' };
    expect(ecosystem({ ...redHat, 'etc/oracle-release': 'Oracle Linux Server release 6.10\n' })).toBe('Oracle Linux:6');
    const debian = { 'etc/debian_version': 'jessie/sid\n' };
    const lsb = 'DISTRIB_ID=Ubuntu\nDISTRIB_RELEASE=14.04\nDISTRIB_DESCRIPTION="Ubuntu 14.04.6 LTS"\n';
    expect(ecosystem({ ...debian, 'etc/lsb-release': lsb })).toBe('Ubuntu:14.04');
  });

  it('names no system by what it does not know', () => {
    expect(ecosystem({ 'etc/redhat-release': 'Something release 7\n', 'etc/lsb-release': 'DISTRIB_ID=Mint\n' })).toBe(
      undefined,
    );
  });
});

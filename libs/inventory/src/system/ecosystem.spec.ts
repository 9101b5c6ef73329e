import { describe, expect, it } from '@jest/globals';
import { ecosystemOf, hasAdvisories } from './ecosystem.ts';

function of(id: string, version = '', prettyName = '', codename = '') {
  return ecosystemOf({ id, version, prettyName, codename });
}

describe('ecosystemOf', () => {
  it.each([
    ['Debian:11', 'debian', '11'],
    ['Debian:14', 'debian', '', 'Debian GNU/Linux forky/sid', 'forky'],
    ['Debian:13', 'debian', '', 'Debian GNU/Linux trixie/sid'],
    ['Debian', 'debian', '', 'Debian GNU/Linux sid'],
    ['Ubuntu:22.04', 'ubuntu', '22.04'],
    ['Alpine:v3.10', 'alpine', '3.10.4'],
    ['Alpine:edge', 'alpine', '3.21.0_alpha20241010'],
    ['Wolfi', 'wolfi', '20230201'],
    ['Chainguard', 'chainguard', '20230214'],
    ['MinimOS', 'minimos', '20240101'],
    ['Red Hat:9', 'rhel', '9.4'],
    ['CentOS:7', 'centos', '7', 'CentOS Linux 7 (Core)'],
    ['CentOS:8', 'centos', '8', 'CentOS Linux 8'],
    ['CentOS Stream:8', 'centos', '8', 'CentOS Stream 8'],
    ['CentOS Stream:9', 'centos', '9', 'CentOS'],
    ['AlmaLinux:9', 'almalinux', '9.4'],
    ['Rocky Linux:8', 'rocky', '8.10'],
    ['Oracle Linux:9', 'ol', '9.4'],
    ['Amazon Linux:1', 'amzn', '2018.03'],
    ['Amazon Linux:2', 'amzn', '2'],
    ['Amazon Linux:2023', 'amzn', '2023'],
    ['Fedora:40', 'fedora', '40'],
    ['SUSE:15.5', 'sles', '15.5'],
    ['SUSE:15.5', 'sle_hpc', '15.5'],
    ['SUSE:6.0', 'sl-micro', '6.0'],
    ['openSUSE Leap:15.5', 'opensuse-leap', '15.5'],
    ['openSUSE Leap:42.3', 'opensuse', '42.3', 'openSUSE Leap 42.3'],
    ['openSUSE:13.2', 'opensuse', '13.2'],
    ['openSUSE Tumbleweed', 'opensuse-tumbleweed', '20240101'],
    ['Azure Linux:3.0', 'azurelinux', '3.0'],
    ['Mariner:2.0', 'mariner', '2.0.20240101'],
    ['Photon OS:5.0', 'photon', '5.0'],
    ['Anolis OS:8', 'anolis', '8.8'],
    ['Alibaba Cloud Linux:3', 'alinux', '3'],
    ['Alibaba Cloud Linux:2', 'alinux', '2.1903'],
    ['openEuler:22.03-LTS-SP3', 'openeuler', '22.03', 'openEuler 22.03 (LTS-SP3)'],
    ['Arch', 'arch', ''],
  ])('is %s', (ecosystem, ...os) => expect(of(...(os as [string, string]))).toBe(ecosystem));

  it('lends nothing of Debian, Red Hat or Arch to what is built from them', () => {
    expect(hasAdvisories({ id: 'sles', version: '15.5', prettyName: '', codename: '' })).toBe(true);
    for (const id of ['kali', 'raspbian', 'linuxmint', 'scientific', 'manjaro', 'postmarketos']) {
      const os = { id, version: '1', prettyName: '', codename: 'bookworm' };
      expect([ecosystemOf(os), hasAdvisories(os)]).toEqual([`${id}:1`, false]);
    }
  });
});

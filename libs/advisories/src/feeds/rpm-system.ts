import { suseName } from '../ecosystem-name.ts';

/** The ecosystem of an erratum's package by the erratum's id, the package's release and the repository's label. */
export function rpmSystemOf(id: string, release: string, label: string): string | undefined {
  return systemOfLabel(label) ?? systemOfRelease(id, release);
}

// The part of a release that says where it was built: `3.el9_2`, `1.amzn2.0.4`, `2.fc40`, `150500.3.1`.
function systemOfRelease(id: string, release: string): string | undefined {
  const amazon = /\.amzn(\d+)/.exec(release)?.[1];
  if (amazon !== undefined) return `Amazon Linux:${amazon}`;
  const fedora = /\.fc(\d+)/.exec(release)?.[1];
  if (fedora !== undefined) return `Fedora:${fedora}`;
  const anolis = /\.an(\d+)/.exec(release)?.[1];
  if (anolis !== undefined) return `Anolis OS:${anolis}`;
  if (/\.(?:al8|alnx3)/.test(release)) return 'Alibaba Cloud Linux:3';
  if (/\.(?:al7|alnx2)/.test(release)) return 'Alibaba Cloud Linux:2';
  const mariner = /\.(cm|azl)(\d)/.exec(release);
  if (mariner) return mariner[1] === 'cm' ? `Mariner:${mariner[2]}.0` : `Azure Linux:${mariner[2]}.0`;
  const leap = /(?:^|\.)[lb]p(\d\d)(\d)\./.exec(release);
  if (leap) return `openSUSE Leap:${leap[1]}.${leap[2]}`;
  const pack = /^(1[56])0(\d)00\./.exec(release);
  if (pack && /^(?:SUSE|openSUSE)/.test(id)) return `SUSE:${pack[1]}.${pack[2]}`;
  const major = /[._](?:module[_+])?el(\d+)/.exec(release)?.[1];
  return major === undefined ? undefined : systemOfErratum(id, major);
}

function systemOfErratum(id: string, major: string): string | undefined {
  if (id.startsWith('AL')) return `AlmaLinux:${major}`;
  if (id.startsWith('RL')) return `Rocky Linux:${major}`;
  if (id.startsWith('EL')) return `Oracle Linux:${major}`;
  if (id.startsWith('RH')) return `Red Hat:${major}`;
  return id.startsWith('CE') ? `CentOS:${major}` : undefined;
}

/** The ecosystem that a repository, platform or product names: `Amazon Linux 2`, `amazon-linux-ami`, `Oracle Linux 8`. */
export function systemOfLabel(label: string): string | undefined {
  const text = label.trim().slice(0, 200);
  if (/amazon-linux-ami/i.test(text)) return 'Amazon Linux:1';
  for (const [family, form] of families) {
    const release = form.exec(text)?.[1];
    if (release !== undefined) return `${family}:${release}`;
  }
  return suseName(text);
}

const families: readonly (readonly [string, RegExp])[] = [
  ['Amazon Linux', /amazon[ -]linux[ -](2023|2|1)\b/i],
  ['AlmaLinux', /almalinux(?:[ -]os)?[ -](\d+)\b/i],
  ['Rocky Linux', /rocky[ -]?linux[ -](\d+)\b/i],
  ['Oracle Linux', /oracle[ -]?linux[ -](\d+)\b/i],
  ['Red Hat', /red hat enterprise linux (\d+)\b/i],
  ['CentOS Stream', /centos[ -]stream[ -](\d+)\b/i],
  ['CentOS', /centos(?:[ -]linux)?[ -](\d+)\b/i],
  ['Fedora', /fedora(?:[ -]linux)?[ -](\d+)\b/i],
  ['Anolis OS', /anolis(?: os)?[ -](\d+)\b/i],
  ['Alibaba Cloud Linux', /(?:alibaba cloud linux|alinux)[ -]?(\d)\b/i],
  ['Azure Linux', /azure ?linux[ -](\d\.\d)\b/i],
  ['Mariner', /(?:cbl-?)?mariner(?: linux)?[ -](\d\.\d)\b/i],
  ['Photon OS', /photon(?: os)?[ -](\d\.\d)\b/i],
  ['Debian', /debian(?: gnu\/linux)? (\d+)\b/i],
];

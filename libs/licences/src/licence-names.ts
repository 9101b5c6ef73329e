import { allLicenceIds, licenceId } from './licence-list.ts';

/** Identifiers that the SPDX list has replaced, by what replaces them. */
const replaced: Readonly<Record<string, string>> = {
  'GPL-2.0-with-classpath-exception': 'GPL-2.0-only WITH Classpath-exception-2.0',
  'GPL-2.0-with-GCC-exception': 'GPL-2.0-only WITH GCC-exception-2.0',
  'GPL-2.0-with-font-exception': 'GPL-2.0-only WITH Font-exception-2.0',
  'GPL-2.0-with-bison-exception': 'GPL-2.0-or-later WITH Bison-exception-2.2',
  'GPL-2.0-with-autoconf-exception': 'GPL-2.0-only WITH Autoconf-exception-2.0',
  'GPL-3.0-with-GCC-exception': 'GPL-3.0-only WITH GCC-exception-3.1',
  'GPL-3.0-with-autoconf-exception': 'GPL-3.0-only WITH Autoconf-exception-3.0',
  'BSD-2-Clause-FreeBSD': 'BSD-2-Clause',
  'BSD-2-Clause-NetBSD': 'BSD-2-Clause',
  'StandardML-NJ': 'SMLNJ',
};

// Names as package managers write them, compared in the form of `plain`.
const known = new Map<string, string>([
  ...allLicenceIds.map((id) => [plain(id), replaced[id] ?? modernised(id)] as const),
  ...Object.entries({
    'BSD-3-Clause': 'bsd3,bsd3clause,newbsd,modifiedbsd,revisedbsd,bsdnew,3clausebsd,bsd3clauselicense,thenewbsd',
    'BSD-2-Clause': 'bsd2,simplifiedbsd,freebsd,2clausebsd,bsdsimplified,bsd2clause',
    'BSD-4-Clause': 'bsdoriginal,bsd4,4clausebsd,bsdwithadvertising',
    MIT: 'expat,mitx11,mit/x11,mitexpat,x11mit,expatmit,mitstyle,mitnfa',
    'Apache-2.0':
      'apache,apache2,apache20,apachev2,apachev20,apacheversion2,apacheversion20,apachesoftware,apachesoftware20,apachesoftwareversion20,asl,asl2,asl20,al2,apl2,apache2.0,apache-2,apachelicense2,apachelicense20,apachesoftwarelicenseversion20,apachelicensev20',
    'Apache-1.1': 'asl11,apachesoftware11',
    'Apache-1.0': 'asl10',
    ISC: 'iscl,iscbsd',
    Zlib: 'zlib/libpng,zliblibpng',
    'PSF-2.0': 'psf,psfl,python,pythonsoftwarefoundation,pythonsoftwarefoundationlicense,psflicense',
    'Python-2.0': 'python2.0,python20,cnripython',
    'MPL-2.0': 'mpl,mpl2,mpl20,mplv2,mozillapublic20,mozillapublicversion20,mozillapublic20mpl20',
    'MPL-1.1': 'mpl11,mplv11,mozillapublic11,mozillapublic11mpl11',
    'MPL-1.0': 'mozillapublic10,mozillapublic10mpl',
    'GPL-1.0-or-later': 'gpl,gplany,gpl+,gnugpl,gnugeneralpublic,gnugeneralpublicgpl,gplversion1orlater,gpl1+',
    'GPL-1.0-only': 'gpl1',
    'GPL-2.0-only': 'gpl2,gplv2,gpl20,gnugplv2,gnugeneralpublicv2,gnugeneralpublicv2gplv2,gplversion2,gnugpl2,gpl2only',
    'GPL-2.0-or-later':
      'gpl2+,gplv2+,gpl20+,gnugplv2+,gpl2orlater,gnugeneralpublicv2orlater,gnugeneralpublicv2orlatergplv2+,gplversion2orlater',
    'GPL-3.0-only': 'gpl3,gplv3,gpl30,gnugplv3,gnugpl3,gnugeneralpublicv3,gnugeneralpublicv3gplv3,gplversion3,gpl3only',
    'GPL-3.0-or-later':
      'gpl3+,gplv3+,gpl30+,gnugplv3+,gpl3orlater,gnugeneralpublicv3orlater,gnugeneralpublicv3orlatergplv3+,gplversion3orlater',
    'LGPL-2.0-or-later':
      'lgpl,lgpl2+,lgplv2+,lgpl20+,gnulgpl,lgpl+,gnulibraryorlessergeneralpubliclgpl,gnulesser,gnulessergeneralpublic',
    'LGPL-2.0-only': 'lgpl2,lgplv2,lgpl20,gnulessergeneralpublicv2,gnulessergeneralpublicv2lgplv2',
    'LGPL-2.1-only': 'lgpl21,lgplv21,lgpl2.1,lgplv2.1,gnulesser21,gnulessergeneralpublicversion21',
    'LGPL-2.1-or-later':
      'lgpl21+,lgplv21+,lgpl2.1+,lgplv2.1+,gnulessergeneralpublicv2orlater,gnulessergeneralpublicv2orlaterlgplv2+',
    'LGPL-3.0-only': 'lgpl3,lgplv3,lgpl30,gnulessergeneralpublicv3,gnulessergeneralpublicv3lgplv3',
    'LGPL-3.0-or-later':
      'lgpl3+,lgplv3+,lgpl30+,gnulessergeneralpublicv3orlater,gnulessergeneralpublicv3orlaterlgplv3+',
    'AGPL-3.0-only': 'agpl3,agplv3,agpl30,gnuaffero,gnuafferogeneralpublicv3,agpl,gnuagplv3',
    'AGPL-3.0-or-later': 'agpl3+,agplv3+,gnuafferogeneralpublicv3orlater,gnuafferogeneralpublicv3orlateragplv3+',
    'GFDL-1.2-or-later': 'gfdl12+',
    'GFDL-1.3-or-later': 'gfdl13+,gfdl+',
    'GFDL-1.3-only': 'gfdl,gfdl13',
    'GFDL-1.2-only': 'gfdl12',
    'CC0-1.0': 'cc0,cc010universal,cc010universalcc010publicdomaindedication',
    'CC-BY-4.0': 'ccby4',
    'CC-BY-3.0': 'ccby,ccby3,creativecommonsattribution30',
    'CC-BY-SA-3.0': 'ccbysa,ccbysa3',
    Unlicense: 'theunlicense,unlicence',
    'BSL-1.0': 'boost,boostsoftware,boostsoftware10,boostsoftware10bsl10,bsl',
    'EPL-1.0': 'epl,epl10,eclipsepublic,eclipsepublicv10,eclipsepublic10,eclipsepublic10epl10',
    'EPL-2.0': 'epl2,epl20,eclipsepublicv20,eclipsepublic20,eclipsepublic20epl20',
    'CPL-1.0': 'cpl,commonpublic,commonpublic10',
    'CDDL-1.0': 'cddl,cddl10,commondevelopmentanddistribution10',
    'CDDL-1.1': 'cddl11',
    'Artistic-1.0-Perl': 'artistic,artistic1',
    'Artistic-2.0': 'artistic2,artistic20',
    'GPL-1.0-or-later OR Artistic-1.0-Perl': 'perl,perl5,gpl+orartistic,gplorartistic',
    Ruby: "ruby's,rubys",
    'OFL-1.1': 'ofl,ofl11,silopenfont,sil open font license 1.1,silopenfont11,silopenfont11ofl11',
    OpenSSL: 'openssllicense',
    'ZPL-2.1': 'zpl,zopepublic,zpl21',
    'PHP-3.01': 'php,php301',
    WTFPL: 'dowhatthefuckyouwanttopublic',
    Vim: 'vimlicense',
    Beerware: 'beerware42,thebeerware',
    NCSA: 'uoi-ncsa,universityofillinois/ncsaopensource',
    PostgreSQL: 'postgres,postgresql',
    'Info-ZIP': 'infozip',
    'UPL-1.0': 'upl,universalpermissive10upl',
    'LicenseRef-public-domain': 'publicdomain,pd,public',
    'LicenseRef-proprietary': 'proprietary,commercial,otherproprietary,unlicensed,nonfree',
  }).flatMap(([id, names]) => names.split(',').map((name) => [plain(name), id] as const)),
]);

/** The SPDX identifier or expression that a package manager's name of one licence means, if that is known. */
export function licenceOfName(name: string): string | undefined {
  // Python: "License :: OSI Approved :: MIT License".
  const last = name.slice(0, 512).split('::').at(-1)!.trim();
  const id = licenceId(last);
  if (id) return replaced[id] ?? modernised(id);
  return known.get(plain(last)) ?? byUrl(last) ?? debian(last);
}

function plain(name: string): string {
  return name
    .toLowerCase()
    .replace(/\(or any later version\)|or any later version|or newer/g, 'or later')
    .replace(/\blicen[cs]e\b|\bthe\b|\bversion(?= ?\d)/g, (word) => (word.startsWith('version') ? 'v' : ''))
    .replace(/[\s_.,;:"()-]/g, '');
}

// SPDX 3.0 of the list: `GPL-2.0` is `GPL-2.0-only`.
function modernised(id: string): string {
  return /^(?:A?GPL|LGPL|GFDL)-\d\.\d$/.test(id) ? `${id}-only` : id;
}

function byUrl(name: string): string | undefined {
  const [, path] = /^https?:\/\/([^\s?#]{1,200})/i.exec(name) ?? [];
  if (!path) return undefined;
  const [, osi] = /^(?:www\.)?opensource\.org\/licenses?\/([A-Za-z0-9.-]+?)(?:\.(?:php|html))?\/?$/i.exec(path) ?? [];
  if (osi) return licenceOfName(osi.replace(/-licen[cs]e$/i, ''));
  const [, spdx] = /^(?:www\.)?spdx\.org\/licenses\/([A-Za-z0-9.-]+?)(?:\.html)?$/i.exec(path) ?? [];
  if (spdx) return licenceOfName(spdx);
  if (/^(?:www\.)?apache\.org\/licenses\/LICENSE-2\.0/i.test(path)) return 'Apache-2.0';
  if (/^(?:www\.)?eclipse\.org\/legal\/epl-v?2/i.test(path)) return 'EPL-2.0';
  if (/^(?:www\.)?mozilla\.org\/MPL\/2\.0/i.test(path)) return 'MPL-2.0';
  return undefined;
}

// Debian's copyright-format 1.0, 7.2: `GPL-2+`, `LGPL-2.1`, `BSD-3-clause`, `GPL-2+ with OpenSSL exception`.
function debian(name: string): string | undefined {
  const [, family, version, plus] = /^(A?GPL|LGPL|GFDL)-(\d(?:\.\d)?)(\+)?$/i.exec(name) ?? [];
  if (family === undefined || version === undefined) return undefined;
  const full = version.includes('.') ? version : `${version}.0`;
  return licenceId(`${family}-${full}-${plus ? 'or-later' : 'only'}`);
}

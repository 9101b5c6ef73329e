import { zstdCompressSync } from 'node:zlib';
import { readLayer } from '@gabion/rootfs/layer';
import { apply } from '@gabion/rootfs/view';
import { file, type LayerEntry, layerTar, symlink } from '@gabion/testkit/layer-tar';
import { describe, expect, it } from '@jest/globals';
import { inventoryAnalyzers, inventoryOf } from '../inventory.ts';

async function inventory(...layers: LayerEntry[][]) {
  const read = layers.map(async (entries, index) => {
    const open = async function* () {
      yield layerTar(entries);
    };
    return { diffId: `layer-${index}`, contents: await readLayer(open, { analyzers: inventoryAnalyzers }) };
  });
  return inventoryOf(apply(await Promise.all(read)));
}

const os = (id: string, version = '') => file('etc/os-release', `ID=${id}\nVERSION_ID=${version}\nPRETTY_NAME=${id}\n`);
const npm = (path: string) => file(path, '{"name":"npm","version":"10.0.0"}');
const status = (name: string) =>
  file('var/lib/dpkg/status', `Package: ${name}\nStatus: install ok installed\nVersion: 1\nArchitecture: all\n`);

describe('packages of pacman', () => {
  const desc = (name: string, version: string, more = '') =>
    file(
      `var/lib/pacman/local/${name}-${version}/desc`,
      `%NAME%\n${name}\n\n%VERSION%\n${version}\n\n%ARCH%\nx86_64\n\n${more}`,
    );

  it('are those of its directories, charged to the layers that brought them', async () => {
    const more = '%BASE%\ngcc\n\n%LICENSE%\nGPL-3.0-or-later\nLGPL\n\n';
    const { packages, warnings } = await inventory(
      [os('arch'), desc('bash', '5.2-1'), desc('gcc-libs', '1:13.2-5', more)],
      [desc('bash', '5.3-1'), file('var/lib/pacman/local/.wh.bash-5.2-1')],
    );
    expect(warnings).toEqual([]);
    expect(packages).toMatchObject([
      { name: 'bash', version: '5.3-1', layerDiffId: 'layer-1', ecosystem: 'Arch', sourceName: 'bash' },
      {
        type: 'alpm',
        name: 'gcc-libs',
        version: '1:13.2-5',
        sourceName: 'gcc',
        licenses: ['GPL-3.0-or-later', 'LGPL'],
        purl: 'pkg:alpm/arch/gcc-libs@1:13.2-5?arch=x86_64&distro=arch&upstream=gcc',
        layerDiffId: 'layer-0',
      },
    ]);
  });

  it('own the files that their lists name', async () => {
    const list = file('var/lib/pacman/local/npm-10-1/files', '%FILES%\nusr/\nusr/lib/node_modules/npm/package.json\n');
    const { owned } = await inventory([
      os('arch'),
      desc('npm', '10-1'),
      list,
      npm('usr/lib/node_modules/npm/package.json'),
    ]);
    expect(owned.map(({ name }) => name)).toEqual(['npm']);
  });
});

describe('packages of opkg', () => {
  it('are those of its status, which no advisories name', async () => {
    const busybox = 'Package: busybox\nVersion: 1.36.1-1\nStatus: install user installed\nArchitecture: x86_64\n';
    const { packages } = await inventory([os('openwrt', '23.05.2'), file('usr/lib/opkg/status', busybox)]);
    expect(packages).toMatchObject([
      { purl: 'pkg:opkg/openwrt/busybox@1.36.1-1?arch=x86_64&distro=openwrt-23.05.2', ecosystem: '' },
    ]);
  });
});

describe('packages of dpkg', () => {
  it('have the licences of their copyright file, machine-readable or not', async () => {
    const machine =
      'Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n\nFiles: *\nLicense: GPL-2+\n text\n\nLicense: MIT or BSD\nLicense:\n';
    const free = "License: see below.\nOn Debian the license is in `/usr/share/common-licenses/LGPL-2.1'.\n";
    const of = async (...files: LayerEntry[]) =>
      (await inventory([os('debian', '12'), status('bash'), ...files])).packages[0]?.licenses;
    expect(await of(file('usr/share/doc/bash/copyright', machine))).toEqual(['GPL-2+', 'MIT or BSD']);
    expect(await of(file('usr/share/doc/bash/copyright', free))).toEqual(['LGPL-2.1']);
    expect(await of(file('usr/share/doc/b/copyright', machine), symlink('usr/share/doc/bash', 'b'))).toEqual([
      'GPL-2+',
      'MIT or BSD',
    ]);
    expect(await of(file('usr/share/doc/bash/copyright', 'This is in the public domain.\n'))).toEqual([
      'public-domain',
    ]);
    expect(await of()).toEqual([]);
  });

  it('own files that were diverted, and files that distroless lists beside their status', async () => {
    const path = 'usr/lib/node_modules/npm/package.json';
    const list = file('var/lib/dpkg/info/bash.list', `/.\n/${path}\n`);
    const diversion = file('var/lib/dpkg/diversions', `/${path}\n/opt/node_modules/npm/package.json\nother\n`);
    const sums = file('var/lib/dpkg/status.d/npm.md5sums', `${'0'.repeat(32)}  ${path}\n`);
    const single = file('var/lib/dpkg/status.d/npm', 'Package: npm\nVersion: 1\nArchitecture: all\n');
    const image = [os('debian', '12'), npm(path), npm('opt/node_modules/npm/package.json')];
    expect((await inventory([...image, status('bash'), list, diversion])).owned.length).toBe(2);
    expect((await inventory([...image, single, sums])).owned.map(({ path: owned }) => owned)).toEqual([path]);
  });

  it('own files by the name that they had before /usr was merged', async () => {
    const list = file('var/lib/dpkg/info/npm.list', '/lib/node_modules/npm/package.json\n');
    const image = [os('debian', '12'), symlink('lib', 'usr/lib'), status('npm'), list];
    expect((await inventory([...image, npm('usr/lib/node_modules/npm/package.json')])).owned.length).toBe(1);
  });
});

describe('packages of a chiselled image', () => {
  const manifest = (...objects: object[]) =>
    file('var/lib/chisel/manifest.wall', zstdCompressSync(objects.map((each) => JSON.stringify(each)).join('\n')));
  const libssl = { kind: 'package', name: 'libssl3t64', version: '3.0.13-0ubuntu3', sha256: '0', arch: 'amd64' };

  it('are those of its manifest', async () => {
    const head = { jsonwall: '1.0', schema: '1.0', count: 3 };
    const path = { kind: 'path', path: '/usr/lib/node_modules/npm/package.json', mode: '0644', slices: ['npm_bins'] };
    const image = [os('ubuntu', '24.04'), npm('usr/lib/node_modules/npm/package.json')];
    const { packages, owned, warnings } = await inventory([...image, manifest(head, libssl, path)]);
    expect(packages.map(({ purl, ecosystem }) => [purl, ecosystem])).toEqual([
      ['pkg:deb/ubuntu/libssl3t64@3.0.13-0ubuntu3?arch=amd64&distro=ubuntu-24.04', 'Ubuntu:24.04'],
    ]);
    expect(owned.length).toBe(1);
    expect(warnings.map(({ code }) => code)).toEqual(['package_incomplete']);
  });

  it('are those of dpkg where there is its database, and none where the manifest is none', async () => {
    expect((await inventory([os('ubuntu', '24.04'), manifest(libssl), status('bash')])).packages.length).toBe(1);
    const broken = file('var/lib/chisel/manifest.wall', 'no frame');
    const { warnings } = await inventory([os('ubuntu', '24.04'), broken]);
    expect(warnings.map(({ code }) => code)).toEqual(['packages_without_database']);
  });
});

describe('an image without the database of its system', () => {
  it.each([
    ['debian', '12', 'dpkg (var/lib/dpkg/status)'],
    ['alpine', '3.18.2', 'apk (lib/apk/db/installed)'],
    ['almalinux', '9.4', 'rpm (var/lib/rpm)'],
    ['arch', '', 'pacman (var/lib/pacman/local)'],
    ['busyboxish', '1', 'any package manager'],
  ])('is told of %s %s', async (id, version, database) => {
    const { warnings } = await inventory([os(id, version), file('usr/lib/opkg/nothing')]);
    expect(warnings).toEqual([
      { code: 'packages_without_database', message: expect.stringContaining(`no package database of ${database}`) },
    ]);
  });

  it('is told of though another system’s database is there', async () => {
    const { warnings } = await inventory([os('alpine', '3.18.2'), status('bash')]);
    expect(warnings.map(({ code }) => code)).toEqual(['packages_without_database']);
  });

  it('is not told of where there is no system at all', async () => {
    expect((await inventory([file('bin/busybox')])).warnings).toEqual([]);
  });
});

describe('an image of a system that no advisories speak of', () => {
  it('says so, and judges its packages by no other system’s', async () => {
    const { packages, warnings } = await inventory([os('kali', '2024.1'), status('bash')]);
    expect(packages.map(({ ecosystem }) => ecosystem)).toEqual(['kali:2024.1']);
    expect(warnings.map(({ code }) => code)).toEqual(['os_without_advisories']);
  });
});

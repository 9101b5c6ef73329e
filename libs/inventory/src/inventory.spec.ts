import { readLayer } from '@gabion/rootfs/layer';
import { apply } from '@gabion/rootfs/view';
import { file, type LayerEntry, layerTar, symlink } from '@gabion/testkit/layer-tar';
import { describe, expect, it } from '@jest/globals';
import { inventoryAnalyzers, inventoryOf } from './inventory.ts';

async function inventory(...layers: LayerEntry[][]) {
  const read = layers.map(async (entries, index) => {
    const open = async function* () {
      yield layerTar(entries);
    };
    return { diffId: `layer-${index}`, contents: await readLayer(open, { analyzers: inventoryAnalyzers }) };
  });
  return inventoryOf(apply(await Promise.all(read)));
}

async function found(...layers: LayerEntry[][]) {
  return (await inventory(...layers)).packages.map(
    ({ name, version, layerDiffId }) => `${name} ${version} ${layerDiffId}`,
  );
}

const debian = file(
  'etc/os-release',
  'PRETTY_NAME="Debian GNU/Linux 11 (bullseye)"\nID=debian\nVERSION_ID="11"\nVERSION_CODENAME=bullseye\n',
);
const alpine = file('etc/os-release', 'ID=alpine\nVERSION_ID=3.10.4\nPRETTY_NAME="Alpine Linux v3.10"\n');

function status(...packages: string[]): LayerEntry {
  return file('var/lib/dpkg/status', packages.map(deb).join('\n'));
}

function deb(text: string): string {
  const [name, version, ...more] = text.split(' ');
  const has = (field: string) => more.some((line) => line.startsWith(`${field}:`));
  const fields = more.map((line) => line.replaceAll('_', ' '));
  const state = has('Status') ? [] : ['Status: install ok installed'];
  return [
    `Package: ${name}`,
    ...state,
    'Architecture: amd64',
    `Version: ${version}`,
    ...fields,
    'Description: one',
    ' more',
    '',
  ].join('\n');
}

describe('inventoryOf a Debian image', () => {
  it('tells name, version, source, ecosystem and purl of each package', async () => {
    const { packages, operatingSystem } = await inventory([
      debian,
      status('libc6 1:2.31-13+deb11u5 Source:_glibc_(2.31-13)', 'bash 5.1-2+b3'),
    ]);
    expect(operatingSystem).toEqual({
      id: 'debian',
      version: '11',
      prettyName: 'Debian GNU/Linux 11 (bullseye)',
      codename: 'bullseye',
    });
    expect(packages).toEqual([
      expect.objectContaining({ name: 'bash', version: '5.1-2+b3', sourceName: 'bash', sourceVersion: '5.1-2' }),
      {
        type: 'deb',
        name: 'libc6',
        module: '',
        evidence: 'package-database',
        version: '1:2.31-13+deb11u5',
        ecosystem: 'Debian:11',
        purl: 'pkg:deb/debian/libc6@1:2.31-13%2Bdeb11u5?arch=amd64&distro=debian-11&upstream=glibc%402.31-13',
        sourceName: 'glibc',
        sourceVersion: '2.31-13',
        architecture: 'amd64',
        layerDiffId: 'layer-0',
        path: 'var/lib/dpkg/status',
        licenses: [],
      },
    ]);
  });

  it('leaves out what was removed, keeps what is on hold', async () => {
    const image = [
      status(
        'gone 1 Status:_deinstall_ok_config-files',
        'held 1 Status:_hold_ok_installed',
        'broken 1 Status:_install_ok_half-installed',
      ),
    ];
    expect(await found(image)).toEqual(['held 1 layer-0']);
  });

  it('keeps one name in two architectures apart', async () => {
    const image = [
      status('libc6 1'),
      file('var/lib/dpkg/status.d/libc6', 'Package: libc6\nVersion: 1\nArchitecture: i386\n'),
    ];
    expect((await inventory(image)).packages.map((one) => one.architecture).sort()).toEqual(['amd64', 'i386']);
  });

  it('reads the single files of distroless, whose status is unsaid', async () => {
    const single = file('var/lib/dpkg/status.d/tzdata', 'Package: tzdata\nVersion: 2021a-1\nArchitecture: all\n');
    expect(await found([debian, single, file('var/lib/dpkg/status.d/tzdata.md5sums', 'Package: no\n')])).toEqual([
      'tzdata 2021a-1 layer-0',
    ]);
  });

  it('charges each package to the layer that brought it, not to the last that wrote the database', async () => {
    const layers = [[status('a 1', 'b 1')], [status('a 1', 'b 1', 'c 1')], [file('x')], [status('a 1', 'b 2', 'c 1')]];
    expect(await found(...layers)).toEqual(['a 1 layer-0', 'b 2 layer-3', 'c 1 layer-1']);
  });

  it('charges a package that was removed and came back to the layer of its return', async () => {
    expect(await found([status('a 1')], [status('b 1')], [status('a 1')])).toEqual(['a 1 layer-2']);
    expect(await found([status('a 1')], [file('var/lib/dpkg/.wh.status')], [status('a 1')])).toEqual(['a 1 layer-2']);
  });

  it('finds nothing, and says so, where the database was deleted', async () => {
    const { packages, warnings } = await inventory([debian, status('a 1')], [file('var/lib/.wh.dpkg')]);
    expect(packages).toEqual([]);
    expect(warnings.map((warning) => warning.code)).toEqual(['packages_without_database']);
  });

  it('survives a hostile database and warns', async () => {
    const bytes = Buffer.concat([
      Buffer.from(`Package: ${'a'.repeat(5_000_000)}\nStatus: install ok installed\nVersion: 1\n\n`),
      Buffer.from([0xff, 0xfe, 0x0a, 0x0a]),
      Buffer.from(
        'Package: no-version\nStatus: install ok installed\n\n: \nVersion\n\nPackage: ok\nStatus: install ok installed\nVersion: 1\n',
      ),
    ]);
    const { packages, warnings } = await inventory([debian, file('var/lib/dpkg/status', bytes)]);
    expect(packages.map((one) => one.name)).toEqual(['ok']);
    expect(warnings.filter((warning) => warning.code === 'package_incomplete').length).toBe(2);
  });
});

describe('inventoryOf an Alpine image', () => {
  const musl = 'C:Q1\nP:musl-utils\nV:1.1.22-r3\nA:x86_64\nL:MIT BSD GPL2+\no:musl\nF:sbin\nR:ldconfig\n\n';

  it('tells name, origin, license and ecosystem of each package', async () => {
    const { packages } = await inventory([alpine, file('lib/apk/db/installed', musl)]);
    expect(packages).toEqual([
      {
        type: 'apk',
        name: 'musl-utils',
        module: '',
        evidence: 'package-database',
        version: '1.1.22-r3',
        ecosystem: 'Alpine:v3.10',
        purl: 'pkg:apk/alpine/musl-utils@1.1.22-r3?arch=x86_64&distro=alpine-3.10.4&upstream=musl',
        sourceName: 'musl',
        sourceVersion: '1.1.22-r3',
        architecture: 'x86_64',
        layerDiffId: 'layer-0',
        path: 'lib/apk/db/installed',
        licenses: ['MIT BSD GPL2+'],
      },
    ]);
  });

  it('counts one database once where /lib is a link', async () => {
    const image = [alpine, symlink('lib', 'usr/lib'), file('usr/lib/apk/db/installed', musl)];
    expect(await found(image)).toEqual(['musl-utils 1.1.22-r3 layer-0']);
    expect(await found([alpine, symlink('lib', 'usr/lib')], [file('lib/apk/db/installed', musl)])).toEqual([
      'musl-utils 1.1.22-r3 layer-1',
    ]);
  });

  it('leaves npm packages that apk installed to apk', async () => {
    const npm =
      'P:npm\nV:10.0.0-r0\nA:x86_64\no:npm\nF:usr/share/x\nR:package.json\nF:usr/lib/node_modules/npm\nR:package.json\nF:usr/lib/node_modules/other\nR:x\nF:srv\nR:package.json\n\n';
    const { packages, owned } = await inventory([
      alpine,
      file('lib/apk/db/installed', npm),
      file('usr/lib/node_modules/npm/package.json', '{"name":"npm","version":"10.0.0"}'),
      file('usr/lib/node_modules/other/package.json', '{"name":"other","version":"1.0.0"}'),
    ]);
    expect(packages.map((one) => one.purl)).toEqual([
      expect.stringMatching('^pkg:apk/alpine/npm@'),
      'pkg:npm/other@1.0.0',
    ]);
    expect(owned.map((one) => one.name)).toEqual(['npm']);
  });
});

describe('inventoryOf npm packages', () => {
  const node = (path: string, name: string, version = '1.0.0') =>
    file(path, JSON.stringify({ name, version, license: 'MIT', scripts: {} }));

  it('finds packages wherever they are installed, scoped and nested', async () => {
    const { packages } = await inventory([
      node('app/node_modules/a/package.json', 'a'),
      node('app/node_modules/@s/b/package.json', '@s/b'),
      node('app/node_modules/a/node_modules/c/package.json', 'c', '2.0.0-rc.1'),
      node('usr/local/lib/node_modules/npm/package.json', 'npm'),
      node('app/node_modules/.pnpm/d@1.0.0/node_modules/d/package.json', 'd'),
      node('app/node_modules/test/package.json', 'test'),
    ]);
    expect(packages.map((one) => one.purl)).toEqual([
      'pkg:npm/%40s/b@1.0.0',
      'pkg:npm/a@1.0.0',
      'pkg:npm/c@2.0.0-rc.1',
      'pkg:npm/d@1.0.0',
      'pkg:npm/npm@1.0.0',
      'pkg:npm/test@1.0.0',
    ]);
    expect(packages[1]).toMatchObject({
      ecosystem: 'npm',
      licenses: ['MIT'],
      layerDiffId: 'layer-0',
      architecture: '',
    });
  });

  it('leaves out the application itself, files inside packages and test fixtures', async () => {
    const image = [
      node('app/package.json', 'app'),
      node('app/node_modules/a/dist/package.json', 'x'),
      node('app/node_modules/resolve/test/resolver/node_modules/y/package.json', 'y'),
      file('app/node_modules/esm/package.json', '{"type":"module"}'),
    ];
    expect(await inventory(image)).toEqual({ packages: [], owned: [], warnings: [] });
  });

  it('charges an unchanged package to the layer that brought it, though its file was written again', async () => {
    const path = 'app/node_modules/a/package.json';
    expect(await found([node(path, 'a')], [{ ...node(path, 'a'), mode: 0o600 }])).toEqual(['a 1.0.0 layer-0']);
    expect(await found([node(path, 'a')], [node(path, 'a', '2.0.0')])).toEqual(['a 2.0.0 layer-1']);
  });

  it('warns of what is no package description', async () => {
    const of = async (content: string) =>
      (await inventory([file('node_modules/a/package.json', content)])).warnings.map((one) => one.code);
    expect(await of('{')).toEqual(['package_malformed']);
    expect(await of('[]')).toEqual(['package_malformed']);
    expect(await of('{"name":"../x","version":"1.0.0"}')).toEqual(['package_incomplete']);
    expect(await of('{"name":"a","version":"latest"}')).toEqual(['package_incomplete']);
    expect(await of(`${'['.repeat(100_000)}`)).toEqual(['package_malformed']);
  });

  it('leaves npm packages that dpkg installed to dpkg', async () => {
    const { packages, owned } = await inventory([
      status('nodejs 18'),
      file('var/lib/dpkg/info/nodejs.list', '/.\n/usr/lib/node_modules/npm/package.json\n/usr/bin/node\n'),
      node('usr/lib/node_modules/npm/package.json', 'npm'),
    ]);
    expect(packages.map((one) => one.name)).toEqual(['nodejs']);
    expect(owned.map((one) => one.name)).toEqual(['npm']);
  });
});

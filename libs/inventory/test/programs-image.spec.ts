import { readLayer } from '@gabion/rootfs/layer';
import { apply } from '@gabion/rootfs/view';
import { file, type LayerEntry, layerTar } from '@gabion/testkit/layer-tar';
import { describe, expect, it } from '@jest/globals';
import { strToU8, zipSync } from 'fflate';
import { inventoryAnalyzers, inventoryInspectors, inventoryOf } from '../src/inventory.ts';
import { goProgram } from './made-go.ts';

const alpine = file('etc/os-release', 'ID=alpine\nVERSION_ID=3.18.4\nPRETTY_NAME="Alpine Linux v3.18"\n');
const busybox = file(
  'bin/busybox',
  Buffer.from('\x7fELF\x02\x01\0\0\0\0\0\0\0\0\0\0\0BusyBox v1.36.1 (2023)\0', 'latin1'),
);
const demo = file(
  'usr/local/bin/demo',
  goProgram('go1.22.1', 'mod\texample.org/demo\tv1.0.0\ndep\tgithub.com/x/y\tv0.1.0\n'),
);
const jar = (version: string) =>
  file(
    'opt/lib.jar',
    zipSync({ 'META-INF/maven/g/lib/pom.properties': strToU8(`groupId=g\nartifactId=lib\nversion=${version}\n`) }),
  );

async function inventory(...layers: LayerEntry[][]) {
  const options = { analyzers: inventoryAnalyzers, inspectors: inventoryInspectors };
  const read = layers.map(async (entries, index) => {
    const open = async function* () {
      yield layerTar(entries);
    };
    return { diffId: `layer-${index}`, contents: await readLayer(open, options) };
  });
  return inventoryOf(apply(await Promise.all(read)));
}

describe('inventoryOf programs and archives', () => {
  it('tells what an image holds whose package database was removed, and that it was', async () => {
    const { packages, warnings } = await inventory([alpine, busybox]);
    expect(packages).toEqual([
      expect.objectContaining({
        type: 'generic',
        name: 'busybox',
        version: '1.36.1',
        ecosystem: '',
        purl: 'pkg:generic/busybox@1.36.1',
        path: 'bin/busybox',
        evidence: 'binary-pattern',
      }),
    ]);
    expect(warnings.map(({ code }) => code)).toEqual(['packages_without_database']);
  });

  it('leaves a program to the package that owns its file', async () => {
    const database = file('lib/apk/db/installed', 'P:busybox\nV:1.36.1-r5\nA:x86_64\no:busybox\nF:bin\nR:busybox\n\n');
    const { packages, owned } = await inventory([alpine, database, busybox, demo]);
    expect(packages.map(({ type, name }) => `${type} ${name}`)).toEqual([
      'apk busybox',
      'golang example.org/demo',
      'golang github.com/x/y',
      'golang stdlib',
    ]);
    expect(owned.map(({ type, name }) => `${type} ${name}`)).toEqual(['generic busybox']);
  });

  it('names the modules of a Go program by purl and ecosystem', async () => {
    const { packages } = await inventory([demo]);
    expect(packages.map(({ purl, ecosystem, path }) => [purl, ecosystem, path])).toEqual([
      ['pkg:golang/example.org/demo@v1.0.0', 'Go', 'usr/local/bin/demo'],
      ['pkg:golang/github.com/x/y@v0.1.0', 'Go', 'usr/local/bin/demo'],
      ['pkg:golang/stdlib@1.22.1', 'Go', 'usr/local/bin/demo'],
    ]);
  });

  it('charges an archive to the first layer of the run that has this version', async () => {
    const packagesOf = async (...layers: LayerEntry[][]) =>
      (await inventory(...layers)).packages.map(({ purl, layerDiffId }) => `${purl} ${layerDiffId}`);
    expect(await packagesOf([jar('1')], [{ ...jar('1'), mode: 0o600 }])).toEqual(['pkg:maven/g/lib@1 layer-0']);
    expect(await packagesOf([jar('1')], [jar('2')])).toEqual(['pkg:maven/g/lib@2 layer-1']);
    expect(await packagesOf([jar('1')], [file('opt/.wh.lib.jar')])).toEqual([]);
  });

  it('warns of an archive that cannot be read', async () => {
    const { warnings } = await inventory([file('opt/lib.jar', 'PK\x03\x04 but nothing of a zip archive after it')]);
    expect(warnings).toEqual([
      { code: 'archive_not_read', message: 'opt/lib.jar: the file is not a whole zip archive' },
    ]);
  });

  it('reads the components of Bitnami, which are judged by their upstream version', async () => {
    const spdx = {
      packages: [
        { name: 'redis', versionInfo: '7.2.4-0', externalRefs: [{ referenceLocator: 'pkg:bitnami/redis@7.2.4-0' }] },
      ],
    };
    const components = { redis: { version: '7.2.4-0' }, 'wait-for-port': { version: '1.0.7-4' } };
    const { packages } = await inventory([
      file('opt/bitnami/redis/.spdx-redis.spdx', JSON.stringify(spdx)),
      file('opt/bitnami/.bitnami_components.json', JSON.stringify(components)),
    ]);
    expect(packages.map(({ purl, ecosystem, sourceVersion }) => [purl, ecosystem, sourceVersion])).toEqual([
      ['pkg:bitnami/redis@7.2.4-0', 'Bitnami', '7.2.4'],
      ['pkg:bitnami/wait-for-port@1.0.7-4', 'Bitnami', '1.0.7'],
    ]);
  });
});

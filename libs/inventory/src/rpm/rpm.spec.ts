import { readLayer } from '@gabion/rootfs/layer';
import { apply } from '@gabion/rootfs/view';
import { file, type LayerEntry, layerTar, symlink } from '@gabion/testkit/layer-tar';
import { addRpms, berkeleyFile, ndbFile, rpmHeader, sqliteFiles, type TestRpm } from '@gabion/testkit/rpm-database';
import { describe, expect, it } from '@jest/globals';
import { inventoryAnalyzers, inventoryOf } from '../inventory.ts';

const rocky = file('etc/os-release', 'ID="rocky"\nVERSION_ID="9.4"\nPRETTY_NAME="Rocky Linux 9.4 (Blue Onyx)"\n');

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
  const { packages, warnings } = await inventory(...layers);
  return [
    ...packages.map(({ name, version, layerDiffId }) => `${name} ${version} ${layerDiffId}`),
    ...warnings.map(({ code }) => code),
  ];
}

const bash: TestRpm = { name: 'bash', version: '5.1.8', release: '9.el9', sourceRpm: 'bash-5.1.8-9.el9.src.rpm' };
const nodejs: TestRpm = {
  name: 'nodejs-libs',
  version: '18.20.4',
  release: '1.module+el9.4.0',
  epoch: 1,
  architecture: 'aarch64',
  vendor: 'Rocky Enterprise Software Foundation',
  license: 'MIT and ASL 2.0',
  sourceRpm: 'nodejs-18.20.4-1.module+el9.4.0.src.rpm',
  modularityLabel: 'nodejs:18:9040020240807150141:rhel9',
  files: ['/usr/bin/node', '/usr/share/doc/nodejs/README.md', '/usr/lib/node_modules/npm/package.json'],
  padding: 70_000,
};
const key: TestRpm = { name: 'gpg-pubkey', version: '350d275d', release: '6279464b', sourceRpm: '(none)' };
const rpms = [bash, nodejs, key];
const sqlitePath = 'var/lib/rpm/rpmdb.sqlite';
const blobs = rpms.map(rpmHeader);
const [sqlite] = sqliteFiles([], addRpms(...rpms));

const forms: [string, LayerEntry][] = [
  ['SQLite', file(sqlitePath, sqlite!.main)],
  ['NDB', file('var/lib/rpm/Packages.db', ndbFile(blobs))],
  ['Berkeley DB', file('var/lib/rpm/Packages', berkeleyFile([Buffer.alloc(4), ...blobs]))],
  ['Berkeley DB of a big-endian machine', file('var/lib/rpm/Packages', berkeleyFile(blobs, { isBigEndian: true }))],
  ['Berkeley DB with small pages', file('var/lib/rpm/Packages', berkeleyFile(blobs, { pageSize: 512 }))],
  ['Berkeley DB as a tree', file('var/lib/rpm/Packages', berkeleyFile(blobs, { kind: 'tree' }))],
];

describe('inventoryOf an image of an rpm distribution', () => {
  it.each(forms)('tells all of each package in %s', async (_form, database) => {
    const { packages, warnings } = await inventory([rocky, database]);
    expect(warnings).toEqual([]);
    expect(packages).toEqual([
      expect.objectContaining({ name: 'bash', version: '5.1.8-9.el9', sourceName: 'bash', module: '' }),
      {
        type: 'rpm',
        name: 'nodejs-libs',
        version: '1:18.20.4-1.module+el9.4.0',
        ecosystem: 'Rocky Linux:9',
        purl:
          'pkg:rpm/rocky/nodejs-libs@18.20.4-1.module%2Bel9.4.0?arch=aarch64&distro=rocky-9.4&epoch=1' +
          '&rpmmod=nodejs:18&upstream=nodejs-18.20.4-1.module%2Bel9.4.0.src.rpm',
        sourceName: 'nodejs',
        sourceVersion: '1:18.20.4-1.module+el9.4.0',
        architecture: 'aarch64',
        module: 'nodejs:18',
        layerDiffId: 'layer-0',
        path: database.path,
        evidence: 'package-database',
        licenses: ['MIT and ASL 2.0'],
      },
    ]);
  });

  it.each(forms)('leaves npm packages that rpm installed to rpm in %s', async (_form, database) => {
    const npm = '{"name":"npm","version":"10.0.0"}';
    const { packages, owned } = await inventory([
      rocky,
      database,
      file('usr/lib/node_modules/npm/package.json', npm),
      file('usr/lib/node_modules/npm/node_modules/a/package.json', '{"name":"a","version":"1.0.0"}'),
    ]);
    expect(owned.map(({ name }) => name)).toEqual(['npm']);
    expect(packages.map(({ name }) => name)).toEqual(['a', 'bash', 'nodejs-libs']);
  });

  it('counts a database once where its directory is a link', async () => {
    const image = [rocky, symlink('var/lib/rpm', '../../usr/lib/sysimage/rpm')];
    const database = file('usr/lib/sysimage/rpm/rpmdb.sqlite', sqlite!.main);
    expect((await inventory([...image, database])).packages.map(({ path }) => path)).toEqual([
      'usr/lib/sysimage/rpm/rpmdb.sqlite',
      'usr/lib/sysimage/rpm/rpmdb.sqlite',
    ]);
  });

  it('takes the newer form where a conversion left the older one', async () => {
    const old = file('var/lib/rpm/Packages', berkeleyFile([rpmHeader({ ...bash, version: '4.4' })]));
    expect(await found([rocky, old, file(sqlitePath, sqlite!.main)])).toContain('bash 5.1.8-9.el9 layer-0');
    const [empty] = sqliteFiles([], () => undefined);
    expect(await found([rocky, old, file(sqlitePath, empty!.main)])).toEqual(['bash 4.4-9.el9 layer-0']);
  });

  it('reads the manifest that distroless images have in place of a database', async () => {
    const line = ['openssl', '3.3.0-1.azl3', '1', '2', 'Microsoft Corporation', '(none)', '9', 'x86_64', '2'];
    const manifest = file(
      'var/lib/rpmmanifest/container-manifest-2',
      `${[...line, 'openssl-3.3.0-1.azl3.src.rpm'].join('\t')}\nnonsense\n`,
    );
    const os = file('etc/os-release', 'ID=azurelinux\nVERSION_ID="3.0"\n');
    const { packages, warnings } = await inventory([os, manifest]);
    expect(warnings).toEqual([]);
    expect(packages).toMatchObject([
      { version: '2:3.3.0-1.azl3', ecosystem: 'Azure Linux:3.0', sourceName: 'openssl' },
    ]);
  });

  it('says which database is missing', async () => {
    const { warnings } = await inventory([rocky, file(sqlitePath, sqlite!.main)], [file('var/lib/.wh.rpm')]);
    expect(warnings).toEqual([
      { code: 'packages_without_database', message: expect.stringContaining('rpm (var/lib/rpm)') },
    ]);
  });

  it('says that a database cannot be read, or not all of it', async () => {
    expect(await found([rocky, file(sqlitePath, 'SQLite format 3\0')])).toEqual([
      'package_malformed',
      'packages_without_database',
    ]);
    const broken = berkeleyFile([rpmHeader(bash), Buffer.from('no header')]);
    expect(await found([rocky, file('var/lib/rpm/Packages', broken)])).toEqual([
      'bash 5.1.8-9.el9 layer-0',
      'package_malformed',
    ]);
  });

  it('reads a database that is a hard link, and believes no file that looks like a kept one', async () => {
    const link = { path: sqlitePath, type: 'hardlink', link: 'tmp/db' } as const;
    expect(await found([rocky, file('tmp/db', sqlite!.main), link])).toContain('bash 5.1.8-9.el9 layer-0');
    expect(await found([rocky, file('tmp/db', '{"rpm":1,"packages":[{"name":1}]}'), link])).toEqual([
      'package_malformed',
      'packages_without_database',
    ]);
  });
});

describe('layers of an rpm database', () => {
  const [first, second, third, fourth] = sqliteFiles(
    ['journal_mode = WAL', 'wal_autocheckpoint = 0'],
    (db) => {
      addRpms(bash, nodejs)(db);
      db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    },
    addRpms({ name: 'curl', version: '7.76.1', release: '29.el9', padding: 9_000 }),
    (db) => db.exec("DELETE FROM 'Packages' WHERE hnum = 1"),
    (db) => db.exec('PRAGMA wal_checkpoint(TRUNCATE)'),
  );
  const log = (content: Buffer) => file(`${sqlitePath}-wal`, content);
  const main = (content: Buffer) => file(sqlitePath, content);
  const node = 'nodejs-libs 1:18.20.4-1.module+el9.4.0 layer-0';

  it('honours the write-ahead log beside the database', async () => {
    const layer = [rocky, main(second!.main), log(second!.log)];
    expect(await found(layer)).toEqual(['bash 5.1.8-9.el9 layer-0', 'curl 7.76.1-29.el9 layer-0', node]);
  });

  it('honours the log of a layer that has not the database', async () => {
    const layers = [[rocky, main(first!.main)], [log(second!.log)], [log(third!.log)]];
    expect(await found(...layers.slice(0, 2))).toEqual([
      'bash 5.1.8-9.el9 layer-0',
      'curl 7.76.1-29.el9 layer-1',
      node,
    ]);
    expect(await found(...layers)).toEqual(['curl 7.76.1-29.el9 layer-1', node]);
  });

  it('honours a database that took its log in', async () => {
    const layers = [
      [rocky, main(first!.main), log(second!.log)],
      [main(fourth!.main), file(`${sqlitePath.replace('rpmdb', '.wh.rpmdb')}-wal`)],
    ];
    expect(await found(...layers)).toEqual(['curl 7.76.1-29.el9 layer-0', node]);
  });

  it('reads no frame after a broken one, and none without a commit', async () => {
    const torn = Buffer.from(third!.log);
    // The first frame that the deletion added.
    torn[second!.log.length + 40]! ^= 1;
    expect(await found([rocky, main(first!.main), log(torn)])).toContain('bash 5.1.8-9.el9 layer-0');
    const cut = third!.log.subarray(0, second!.log.length - 1);
    expect(await found([rocky, main(first!.main), log(cut)])).toEqual(['bash 5.1.8-9.el9 layer-0', node]);
  });

  it('charges packages of the other forms to the layers that brought them', async () => {
    const curl = rpmHeader({ name: 'curl', version: '7', release: '1' });
    const database = (...values: Buffer[]) => file('var/lib/rpm/Packages', berkeleyFile(values));
    expect(await found([rocky, database(rpmHeader(bash))], [database(rpmHeader(bash), curl)])).toEqual([
      'bash 5.1.8-9.el9 layer-0',
      'curl 7-1 layer-1',
    ]);
  });
});

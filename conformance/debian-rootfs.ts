// Holds the inventory of a Debian root file system (a tar, as mmdebstrap writes it) against what dpkg-query says of it.
//   mmdebstrap --variant=minbase bullseye deb11.tar MIRROR
//   node --conditions=source conformance/debian-rootfs.ts deb11.tar
import { execFileSync } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inventoryAnalyzers, inventoryInspectors, inventoryOf } from '@gabion/inventory/inventory';
import { readLayer } from '@gabion/rootfs/layer';
import { apply } from '@gabion/rootfs/view';
import { isSame } from './image-inventory.ts';

const [tar] = process.argv.slice(2);
if (!tar) {
  console.error('usage: debian-rootfs.ts TAR');
  process.exit(2);
}
const contents = await readLayer(() => createReadStream(tar, { highWaterMark: 256 * 1024 }), {
  analyzers: inventoryAnalyzers,
  inspectors: inventoryInspectors,
});
const inventory = inventoryOf(apply([{ diffId: 'sha256:rootfs', contents }]));
console.log(`${inventory.operatingSystem?.prettyName}, ${contents.entryCount} entries, ${contents.bytes} bytes`);

const directory = await mkdtemp(join(tmpdir(), 'gabion-debian-'));
try {
  execFileSync('tar', ['-xf', tar, '-C', directory, './var/lib/dpkg']);
  // biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg-query's own placeholders
  const format = '${db:Status-Status} ${Package} ${Version} ${Architecture} ${source:Package} ${source:Version}\n';
  const query = execFileSync('dpkg-query', [`--admindir=${join(directory, 'var/lib/dpkg')}`, '-W', `-f=${format}`]);
  const installed = query
    .toString()
    .trim()
    .split('\n')
    .filter((line) => line.startsWith('installed '));
  const expected = installed.map((line) => line.slice('installed '.length));
  const actual = inventory.packages
    .filter((one) => one.ecosystem !== 'npm')
    .map((one) => [one.name, one.version, one.architecture, one.sourceName, one.sourceVersion].join(' '));
  process.exitCode = isSame('dpkg', actual, expected) && inventory.warnings.length === 0 ? 0 : 1;
} finally {
  await rm(directory, { recursive: true, force: true });
}

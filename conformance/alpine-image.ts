// Holds the inventory of a real Alpine image (docker save, plain or gzip) against its database as tar and awk read it.
//   node --conditions=source conformance/alpine-image.ts alpine.tar.gz
import { execFileSync } from 'node:child_process';
import { openArchive } from '@gabion/oci/archive';
import { inventoryOfImage, isSame } from './image-inventory.ts';

const [archive] = process.argv.slice(2);
if (!archive) {
  console.error('usage: alpine-image.ts ARCHIVE');
  process.exit(2);
}
await using source = await openArchive(archive);
const { image, inventory } = await inventoryOfImage(source);
console.log(`${image.manifestDigest} ${inventory.operatingSystem?.prettyName}, ${image.layers.length} layers`);

const script = `tar -xOf "$1" --wildcards '*layer.tar' | tar -xO lib/apk/db/installed |
  awk -F: '/^P:/{p=$2} /^V:/{v=$2} /^A:/{a=$2} /^o:/{o=$2} /^$/{if (p!="") print p,v,a,o; p=""}'`;
const expected = execFileSync('sh', ['-c', script, 'sh', archive]).toString().trim().split('\n');
const actual = inventory.packages.map((one) => `${one.name} ${one.version} ${one.architecture} ${one.sourceName}`);
const isFine = isSame('apk', actual, expected) && inventory.warnings.length === 0;
process.exitCode = isFine ? 0 : 1;

import { createHash } from 'node:crypto';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { ScanState } from '@gabion/contracts/gabion/scan/v1/scans_pb';
import { type BuiltImage, buildImage } from '@gabion/testkit/images';
import { file, type LayerEntry, layerTar, symlink } from '@gabion/testkit/layer-tar';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { FakeRegistry } from './fake-registry.ts';
import { alpineLayer, npmPackage } from './recipes.ts';
import { type Replica, Site } from './site.ts';

let site: Site;
let scanner: Replica;
let registry: FakeRegistry;
beforeAll(async () => {
  site = await Site.open();
  scanner = await site.replica({ maxLayerEntries: 1000, maxLayerKeptBytes: 1_000_000 });
  registry = await FakeRegistry.start();
});
afterAll(async () => {
  await site?.[Symbol.asyncDispose]();
  await registry?.[Symbol.asyncDispose]();
});

let names = 0;
const served = (image: BuiltImage) => registry.add(`hostile${++names}`, image);
const fine = alpineLayer([{ name: 'musl', version: '1.1.22-r3' }]);

describe('a hostile layer', () => {
  const many = Array.from({ length: 1001 }, (_, i) => file(`f${i}`));
  const links = Array.from({ length: 999 }, (_, i) => symlink(`l${i}`, 'x'.repeat(1500)));
  const refused: [what: string, code: string, entries: readonly LayerEntry[] | Buffer][] = [
    ['with more entries than allowed', 'too_many_entries', many],
    ['with more to keep than allowed', 'layer_contents_too_large', links],
    ['with a path that is too deep', 'path_too_deep', [file(`${'d/'.repeat(300)}f`)]],
    ['with a path that is too long', 'name_too_long', [file('n'.repeat(5000))]],
    ['with a link that leads out', 'link_escapes', [symlink('a/l', '../../../etc/shadow')]],
    ['that is cut off within its tar', 'layer_truncated', layerTar([file('a', 'x'.repeat(9000))]).subarray(0, 4000)],
    ['compressed with xz', 'compression_unsupported', Buffer.from('fd377a585a000004e6d6b446', 'hex')],
  ];
  it.each(refused)('%s ends its scan with %s, and no other layer or scan', async (_what, code, entries) => {
    const before = await site.count('layers');
    const own = npmPackage(`own-${code.replaceAll('_', '-')}`, '1.0.0');
    const layers = [[own], Buffer.isBuffer(entries) ? entries : [...entries]];
    const image = buildImage({ layers, compression: code === 'compression_unsupported' ? 'none' : 'gzip' });
    const scan = await scanner.scan(served(image));
    expect(scan.error).toMatchObject({ code });
    expect(await site.count('layer_leases')).toBe(0);
    // The other layer was read to its end, or stopped; a scan of it alone is as any.
    const again = await scanner.scan(served(buildImage({ layers: [[own]] })));
    expect(again).toMatchObject({ state: ScanState.SUCCEEDED, packageCount: 1 });
    expect(await site.count('layers')).toBe(before + 1);
  });

  it('says which of the layers it was', async () => {
    const scan = await scanner.scan(served(buildImage({ layers: [fine, [file('../x')]] })));
    expect(scan.error?.message).toContain('layer 2 of 2');
  });

  it('is taken by what its bytes are, whatever its media type says', async () => {
    const tar = layerTar(fine);
    for (const stored of [gzipSync(tar), zstdCompressSync(tar), tar]) {
      const image = withLayer(buildImage({ layers: [fine], compression: 'zstd' }), stored);
      expect(await scanner.scan(served(image))).toMatchObject({ state: ScanState.SUCCEEDED, packageCount: 1 });
    }
  });

  it('that turns in circles, repeats itself or has names of no encoding is read', async () => {
    const odd = layerTar([
      symlink('a', 'b'),
      symlink('b', 'a'),
      symlink('srv/c', '/srv/d'),
      symlink('srv/d', '/srv/c/e'),
      file('same', 'old'),
      file('same', 'new'),
      file('?.txt'),
      { path: 'self', type: 'hardlink', link: 'self' },
    ]);
    const at = odd.indexOf('?.txt');
    odd[at] = 0xff;
    odd.fill(' ', at + 148, at + 156);
    const sum = odd.subarray(at, at + 512).reduce((total, byte) => total + byte, 0);
    odd.write(`${sum.toString(8).padStart(6, '0')}\0 `, at + 148);
    const scan = await scanner.scan(served(buildImage({ layers: [fine, odd] })));
    expect(scan).toMatchObject({ state: ScanState.SUCCEEDED, packageCount: 1 });
  });
});

describe('a layer that a registry need not hold', () => {
  const foreign = /(rootfs\.)(diff\.tar\.gzip)/g;

  it('is left out with a warning when it is not there', async () => {
    const image = buildImage({ layers: [[file('windows/base')], fine], docker: true });
    const scan = await scanner.scan(served(withType(image, foreign, '$1foreign.$2', true)));
    expect(scan).toMatchObject({ state: ScanState.SUCCEEDED, packageCount: 1 });
    expect(scan.warnings.map(({ code }) => code)).toContain('layer_skipped');
  });

  it('is read when it is there after all', async () => {
    const image = buildImage({ layers: [[file('other')], fine], docker: true });
    const scan = await scanner.scan(served(withType(image, foreign, '$1foreign.$2', false)));
    expect(scan).toMatchObject({ state: ScanState.SUCCEEDED, packageCount: 1 });
    expect(scan.warnings.map(({ code }) => code)).not.toContain('layer_skipped');
  });

  it('is an error where its type says that it must be there', async () => {
    const image = buildImage({ layers: [[file('third')], fine], docker: true });
    const scan = await scanner.scan(served(withType(image, foreign, '$1$2', true)));
    expect(scan.error?.code).toBe('blob_not_found');
  });
});

const digestOf = (bytes: Buffer) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

/** The image with another text in its manifest, and without the blob of its first layer if that is asked. */
function withManifest(image: BuiltImage, blobs: Map<string, Buffer>, edit: (manifest: string) => string): BuiltImage {
  const bytes = Buffer.from(edit(image.blobs.get(image.manifest.digest)!.toString()));
  const digest = digestOf(bytes);
  return { ...image, blobs: blobs.set(digest, bytes), manifest: { ...image.manifest, digest, size: bytes.length } };
}

function withType(image: BuiltImage, from: RegExp, to: string, isAbsent: boolean): BuiltImage {
  const blobs = new Map(image.blobs);
  if (isAbsent) blobs.delete(image.layers[0]!.digest);
  return withManifest(image, blobs, (manifest) => manifest.replace(from, to));
}

/** The image with its only layer stored in another form under the same type. */
function withLayer(image: BuiltImage, stored: Buffer): BuiltImage {
  const [layer] = image.layers;
  const blobs = new Map(image.blobs).set(digestOf(stored), stored);
  return withManifest(image, blobs, (manifest) =>
    manifest.replace(layer!.digest, digestOf(stored)).replace(`"size":${layer!.size}`, `"size":${stored.length}`),
  );
}

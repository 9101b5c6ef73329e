import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import {
  type BuiltImage,
  buildImage,
  buildIndex,
  dockerArchive,
  ociArchive,
  ociLayout,
  sha256,
} from '@gabion/testkit/images';
import { file, layerTar } from '@gabion/testkit/layer-tar';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openArchive } from './archive.ts';
import type { Image, ImageSource } from './image.ts';
import { openLayout } from './layout.ts';
import { parsePlatform } from './platform.ts';

const tars = [layerTar([file('a', randomBytes(300_000))]), layerTar([file('b', 'two')])];
const image = buildImage({ layers: tars, createdBy: ['ADD a', 'ADD b'], config: { Env: ['A=1'] } });
let directory: string;
let made = 0;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'gabion-oci-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

async function saved(bytes: Buffer): Promise<string> {
  const path = join(directory, `${made++}.tar`);
  await writeFile(path, bytes);
  return path;
}

async function layers(from: Image): Promise<Buffer[]> {
  return Promise.all(from.layers.map(async (layer) => Buffer.concat(await (await from.openLayer(layer)).toArray())));
}

async function expectWhole(source: ImageSource, expected: BuiltImage = image) {
  await using opened = source;
  const found = await opened.image();
  expect(found.layers.map((layer) => layer.diffId)).toEqual(expected.layers.map((layer) => layer.diffId));
  expect(found.layers.map((layer) => layer.createdBy)).toEqual(['ADD a', 'ADD b']);
  // Jest compares buffers byte by byte in JavaScript: seconds for what `equals` does at once.
  expect((await layers(found)).map((tar, index) => tar.equals(tars[index]!))).toEqual([true, true]);
  return found;
}

describe('openLayout and openArchive', () => {
  for (const compression of ['none', 'gzip', 'zstd'] as const) {
    it(`reads a layout directory with layers of compression ${compression}`, async () => {
      const built = buildImage({ layers: tars, compression, createdBy: ['ADD a', 'ADD b'] });
      await ociLayout(join(directory, compression), built, 'app:1');
      const found = await expectWhole(await openLayout(join(directory, compression)), built);
      expect(found.manifestDigest).toBe(built.manifest.digest);
    });
  }

  it('reads an OCI archive, plain and gzip, and leaves no file behind', async () => {
    const spool = await mkdtemp(join(directory, 'spool-'));
    for (const bytes of [ociArchive(image), gzipSync(ociArchive(image))]) {
      const source = await openArchive(await saved(bytes), { temporaryDirectory: spool });
      expect((await expectWhole(source)).manifestDigest).toBe(image.manifest.digest);
    }
    expect(await readdir(spool)).toEqual([]);
  });

  it('reads what docker save writes, old and new', async () => {
    const plain = buildImage({ layers: tars, compression: 'none', createdBy: ['ADD a', 'ADD b'] });
    const classic = await expectWhole(
      await openArchive(await saved(dockerArchive(plain, ['app:1'], 'classic'))),
      plain,
    );
    expect(classic.manifestDigest).toBe(plain.config.digest);
    expect(classic.layers[0]!.digest).toBeUndefined();
    const blobs = await expectWhole(
      await openArchive(await saved(gzipSync(dockerArchive(plain, ['app:1'], 'blobs')))),
      plain,
    );
    expect(blobs.manifestDigest).toBe(plain.manifest.digest);
  });

  it('chooses by platform, and names the platforms there are', async () => {
    const arm = buildImage({ layers: tars, architecture: 'arm64', variant: 'v8' });
    const windows = buildImage({ layers: [], os: 'windows' });
    const path = await saved(ociArchive(buildIndex([windows, arm, image]) as BuiltImage));
    await using source = await openArchive(path);
    expect((await source.image()).manifestDigest).toBe(image.manifest.digest);
    expect((await source.image(parsePlatform('linux/arm64'))).manifestDigest).toBe(arm.manifest.digest);
    await expect(source.image(parsePlatform('linux/s390x'))).rejects.toMatchObject({
      code: 'platform_not_found',
      message: expect.stringContaining('linux/arm64/v8'),
    });
  });

  it('refuses a platform that a single image is not for', async () => {
    await using source = await openArchive(await saved(ociArchive(image)));
    await expect(source.image(parsePlatform('linux/arm64'))).rejects.toMatchObject({ code: 'platform_not_found' });
  });
});

describe('an archive that lies', () => {
  async function failure(bytes: Buffer): Promise<string> {
    try {
      await using source = await openArchive(await saved(bytes), { limits: { maxLayerBytes: 1_000_000 } });
      await layers(await source.image());
      return 'nothing';
    } catch (error) {
      return (error as { code?: string }).code ?? String(error);
    }
  }

  function withLayer(change: (bytes: Buffer) => Buffer): Buffer {
    const digest = image.layers[0]!.digest;
    return ociArchive({ ...image, blobs: new Map([...image.blobs, [digest, change(image.blobs.get(digest)!)]]) });
  }

  it('refuses a layer whose bytes were changed, even where the change breaks the compression', async () => {
    const flip = (at: number) => (bytes: Buffer) => {
      const changed = Buffer.from(bytes);
      changed[at]! ^= 0xff;
      return changed;
    };
    expect(await failure(withLayer(flip(12)))).toBe('blob_digest_mismatch');
    expect(await failure(withLayer(flip(200_000)))).toBe('blob_digest_mismatch');
  });

  it('refuses a layer of another size', async () => {
    expect(await failure(withLayer((bytes) => bytes.subarray(0, 1000)))).toBe('blob_truncated');
    expect(await failure(withLayer((bytes) => Buffer.concat([bytes, Buffer.alloc(1)])))).toBe('blob_size_mismatch');
  });

  it('refuses a layer that is not the one of the configuration', async () => {
    const other = buildImage({ layers: [tars[1]!, tars[0]!] });
    const config = { ...other.config };
    const manifest = Buffer.from(
      JSON.stringify({ schemaVersion: 2, config, layers: image.layers.map(({ diffId: _, ...layer }) => layer) }),
    );
    const digest = sha256(manifest);
    const blobs = new Map([...image.blobs, ...other.blobs, [digest, manifest]]);
    const mixed = { ...image, blobs, manifest: { ...image.manifest, digest, size: manifest.length } };
    expect(await failure(ociArchive(mixed))).toBe('diff_id_mismatch');
  });

  it('refuses a gzip bomb', async () => {
    expect(await failure(ociArchive(buildImage({ layers: [layerTar([file('zero', Buffer.alloc(2_000_000))])] })))).toBe(
      'layer_too_large',
    );
  });

  it('refuses a bomb by its ratio before it is large', async () => {
    const bomb = buildImage({ layers: [layerTar([file('zero', Buffer.alloc(80 * 1024 ** 2))])] });
    await using source = await openArchive(await saved(ociArchive(bomb)));
    await expect(layers(await source.image())).rejects.toMatchObject({ code: 'compression_ratio_exceeded' });
  });

  it('refuses names that lead out of the archive', async () => {
    expect(await failure(layerTar([file('../x')]))).toBe('path_escapes');
    expect(await failure(layerTar([{ path: 'a/layer.tar', type: 'symlink', link: '../../x' }]))).toBe('path_escapes');
  });

  it('refuses what is no archive', async () => {
    expect(await failure(layerTar([file('readme')]))).toBe('archive_invalid');
    expect(await failure(randomBytes(5000))).toBe('archive_invalid');
    expect(await failure(gzipSync(ociArchive(image)).subarray(0, 5000))).toBe('archive_invalid');
    expect(await failure(ociArchive(image).subarray(0, 40_000))).toBe('archive_invalid');
  });

  it('refuses manifests that are none', async () => {
    const of = (manifest: string) =>
      failure(layerTar([file('oci-layout', '{"imageLayoutVersion":"1.0.0"}'), file('index.json', manifest)]));
    expect(await of('[]')).toBe('manifest_invalid');
    expect(await of('{"schemaVersion":1}')).toBe('schema1_unsupported');
    expect(await of('{"schemaVersion":2,"manifests":"x"}')).toBe('manifest_invalid');
    expect(await of('{"schemaVersion":2,"manifests":[{"mediaType":"x","size":-1,"digest":"sha256:1"}]}')).toBe(
      'manifest_invalid',
    );
    expect(await of(`{"schemaVersion":2,"x":${'['.repeat(100)}${']'.repeat(100)}}`)).toBe('manifest_invalid');
    expect(await of('{"schemaVersion":2,"mediaType":"application/vnd.example+json"}')).toBe('media_type_unknown');
    expect(await of('{"schemaVersion":2,"manifests":[]}')).toBe('image_not_found');
  });
});

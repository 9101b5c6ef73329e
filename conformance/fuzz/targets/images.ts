import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { checkImage, imageCheckAnalyzers, imageCheckInspectors } from '@gabion/image-checks/image-checks';
import { openArchive } from '@gabion/oci/archive';
import { parseChallenges } from '@gabion/oci/challenge';
import { parseImageConfig } from '@gabion/oci/image-config';
import { uncompressed } from '@gabion/oci/layer-stream';
import { parseManifest } from '@gabion/oci/manifest';
import { parsePlatform } from '@gabion/oci/platform';
import { parseReference } from '@gabion/oci/reference';
import { readLayer } from '@gabion/rootfs/layer';
import { decodeLayer, encodeLayer } from '@gabion/rootfs/layer-codec';
import { apply } from '@gabion/rootfs/view';
import { buildImage, buildIndex, dockerArchive, ociArchive } from '@gabion/testkit/images';
import { file, layerTar, symlink } from '@gabion/testkit/layer-tar';
import { type Target, texts } from '../target.ts';

const tar = layerTar([
  { path: 'd/' },
  file('d/a.txt', 'a'.repeat(700)),
  file(`${'long/'.repeat(40)}é.txt`, 'pax'),
  { ...file(`${'gnu/'.repeat(40)}b.txt`, 'gnu'), gnu: true },
  symlink('l', 'd/a.txt'),
  { path: 'h.txt', type: 'hardlink', link: 'd/a.txt' },
  file('d/.wh.b'),
  file('e/.wh..wh..opq'),
  file('etc/passwd', 'root:x:0:0:root:/root:/bin/sh\n'),
]);
const config = {
  User: 'root',
  Env: ['PATH=/bin', 'API_TOKEN=abcdef0123456789'],
  ExposedPorts: { '22/tcp': {} },
  Labels: { a: 'b' },
  Healthcheck: { Test: ['CMD', 'true'] },
};
const image = buildImage({
  layers: [[file('etc/passwd', 'root:x:0:0:root:/root:/bin/sh\n')]],
  config,
  createdBy: ['RUN /bin/sh -c apt-get install -y x # buildkit'],
});
const blob = (digest: string) => image.blobs.get(digest)!;
const index = buildIndex([image]);

export const imageTargets: readonly Target[] = [
  {
    name: 'layer',
    samples: [tar],
    errors: ['RootfsError'],
    run: async (input) => {
      // Checksums are made right again, or no mutation would get past the first header.
      for (let at = 0; at + 512 <= input.length; at += 512) mend(input.subarray(at, at + 512));
      const contents = await layerOf(input);
      const view = apply([{ diffId: 'a', contents: decodeLayer(encodeLayer(contents))! }]);
      checkImage({ config: parseImageConfig(blob(image.config.digest)), layers: [], view });
      return contents.entryCount > 0;
    },
  },
  {
    name: 'compressed-layer',
    samples: [gzipSync(tar), zstdCompressSync(tar), gzipSync(Buffer.alloc(200_000))],
    errors: ['OciError'],
    run: async (input) => {
      let size = 0;
      for await (const chunk of uncompressed(once(input))) {
        size += chunk.length;
        if (size > 64 * 1024 ** 2) break;
      }
      return size > 0;
    },
  },
  {
    name: 'archive',
    samples: [
      ociArchive(image, 'a:1'),
      dockerArchive(image, ['a:1'], 'classic'),
      dockerArchive(image, ['a:1'], 'blobs'),
    ],
    errors: ['OciError', 'RootfsError'],
    run: async (input) => {
      for (let at = 0; at + 512 <= input.length; at += 512) mend(input.subarray(at, at + 512));
      const path = join(tmpdir(), `gabion-fuzz-archive-${process.pid}.tar`);
      await writeFile(path, input);
      await using source = await openArchive(path);
      const opened = await source.image();
      for (const layer of opened.layers) for await (const _ of await opened.openLayer(layer));
      return opened.layers.length > 0;
    },
  },
  {
    name: 'manifest',
    samples: [blob(image.manifest.digest), index.blobs.get(index.manifest.digest)!],
    errors: ['OciError'],
    run: (input) => parseManifest(input) !== undefined,
  },
  {
    name: 'image-config',
    samples: [blob(image.config.digest)],
    errors: ['OciError'],
    run: (input) => {
      const parsed = parseImageConfig(input);
      const layers = parsed.history.map(({ createdBy }) => ({ diffId: 'a', createdBy }));
      return checkImage({ config: parsed, layers, view: apply([]) }).length > 0;
    },
  },
  {
    name: 'reference',
    samples: texts('registry.example:5000/a/b:1.0', `a@sha256:${'0'.repeat(64)}`, 'linux/arm64/v8'),
    errors: ['OciError'],
    run: (input) => {
      const text = input.toString();
      return text.startsWith('linux/') ? parsePlatform(text) !== undefined : parseReference(text) !== undefined;
    },
  },
  {
    name: 'challenge',
    samples: texts('Bearer realm="https://a.example/token",service="a",scope="repository:a:pull", Basic realm=x'),
    errors: ['OciError'],
    run: (input) => parseChallenges(input.toString()).length > 0,
  },
];

function layerOf(input: Buffer) {
  return readLayer(() => once(input), { analyzers: imageCheckAnalyzers, inspectors: imageCheckInspectors });
}

async function* once(input: Buffer) {
  yield input;
}

function mend(block: Buffer): void {
  if (block.toString('latin1', 257, 262) !== 'ustar') return;
  block.fill(' ', 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
}

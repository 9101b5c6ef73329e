import { createHash } from 'node:crypto';
import { constants, gzipSync, zstdCompressSync } from 'node:zlib';
import { file, layerTar } from '@gabion/testkit/layer-tar';
import { describe, expect, it } from '@jest/globals';
import type { Digest } from './digest.ts';
import { defaultLayerLimits, unpackedLayer } from './layer-stream.ts';

const tar = layerTar([file('a.txt', 'x'.repeat(5000)), file('b.txt', 'y')]);

const digestOf = (bytes: Buffer): Digest => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

async function unpacked(stored: Buffer, options: { of?: Buffer; piece?: number; announced?: Buffer } = {}) {
  const { of = tar, piece = 700, announced = stored } = options;
  async function* pieces() {
    for (let at = 0; at < stored.length; at += piece) yield stored.subarray(at, at + piece);
  }
  const layer = { digest: digestOf(announced), size: announced.length, diffId: digestOf(of) };
  return Buffer.concat(await Array.fromAsync(unpackedLayer(pieces(), layer, defaultLayerLimits)));
}

/** A zstd frame that decoders pass over (RFC 8878, 3.1.2): zstd:chunked keeps its table of contents in one. */
function skippable(content: Buffer, kind = 0): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt32LE(0x184d2a50 + kind);
  head.writeUInt32LE(content.length, 4);
  return Buffer.concat([head, content]);
}

describe('unpackedLayer', () => {
  const half = tar.length / 2;
  const forms: [string, Buffer][] = [
    ['plain', tar],
    ['gzip', gzipSync(tar)],
    ['zstd', zstdCompressSync(tar)],
    [
      'gzip in several members, as eStargz',
      Buffer.concat([gzipSync(tar.subarray(0, half)), gzipSync(tar.subarray(half)), gzipSync('')]),
    ],
    [
      'zstd in several frames',
      Buffer.concat([zstdCompressSync(tar.subarray(0, half)), zstdCompressSync(tar.subarray(half))]),
    ],
    [
      'zstd:chunked',
      Buffer.concat([zstdCompressSync(tar), skippable(Buffer.from('{"version":1}')), skippable(Buffer.alloc(64))]),
    ],
    [
      'zstd that begins with a frame to pass over',
      Buffer.concat([skippable(Buffer.from('pzstd'), 5), zstdCompressSync(tar)]),
    ],
  ];
  it.each(forms)('takes %s by what its bytes are, not by what it is called', async (_form, stored) => {
    for (const piece of [1, 700, 1_000_000]) expect((await unpacked(stored, { piece })).equals(tar)).toBe(true);
  });

  it('takes zstd of very many frames, one for each file', async () => {
    const parts = Array.from({ length: 3000 }, (_, i) =>
      layerTar([file(`${i}.txt`, 'z'.repeat(i))]).subarray(0, -1024),
    );
    const whole = Buffer.concat(parts);
    const params = { [constants.ZSTD_c_checksumFlag]: 1 };
    const stored = Buffer.concat(
      parts.flatMap((part) => [zstdCompressSync(part, { params }), skippable(part.subarray(0, 9))]),
    );
    for (const piece of [997, 65_536]) expect((await unpacked(stored, { of: whole, piece })).equals(whole)).toBe(true);
  });

  it('refuses what follows a frame of zstd and is none', async () => {
    const stored = Buffer.concat([zstdCompressSync(tar), Buffer.from('something else')]);
    for (const piece of [1, 1_000_000])
      await expect(unpacked(stored, { piece })).rejects.toMatchObject({ code: 'layer_corrupt' });
  });

  it('takes a layer of no bytes and one of an end mark alone', async () => {
    expect(await unpacked(Buffer.alloc(0), { of: Buffer.alloc(0) })).toHaveLength(0);
    expect(await unpacked(gzipSync(Buffer.alloc(1024)), { of: Buffer.alloc(1024) })).toHaveLength(1024);
  });

  const unsupported: [string, Buffer][] = [
    ['xz', Buffer.from('fd377a585a000004', 'hex')],
    ['bzip2', Buffer.from('425a683931415926', 'hex')],
    ['lz4', Buffer.from('04224d186440a7', 'hex')],
  ];
  it.each(unsupported)('refuses %s by name', async (name, stored) => {
    await expect(unpacked(stored)).rejects.toMatchObject({
      code: 'compression_unsupported',
      message: expect.stringContaining(name),
    });
  });

  const damaged: [string, Buffer][] = [
    ['gzip that is cut off', gzipSync(tar).subarray(0, -12)],
    ['zstd that is cut off', zstdCompressSync(tar).subarray(0, -12)],
    ['gzip in name only', Buffer.concat([Buffer.from([0x1f, 0x8b]), tar])],
    ['zstd in name only', Buffer.concat([Buffer.from('28b52ffd', 'hex'), tar])],
    ['zstd that wants a window of 2 GiB', Buffer.from('28b52ffd00a8010000', 'hex')],
  ];
  it.each(damaged)('refuses %s', async (_what, stored) => {
    await expect(unpacked(stored)).rejects.toMatchObject({
      name: 'OciError',
      code: expect.stringMatching(/^(layer_corrupt|diff_id_mismatch)$/),
    });
  });

  it('refuses what is shorter, longer or other than announced, whatever it unpacks to', async () => {
    const stored = gzipSync(tar);
    const refused = (bytes: Buffer) => expect(unpacked(bytes, { announced: stored })).rejects;
    await refused(stored.subarray(0, -1)).toMatchObject({ code: 'blob_truncated' });
    await refused(Buffer.concat([stored, Buffer.alloc(1)])).toMatchObject({ code: 'blob_size_mismatch' });
    await refused(Buffer.from(stored).fill(0, 20)).toMatchObject({ code: 'blob_digest_mismatch' });
    await expect(unpacked(stored, { of: Buffer.alloc(1) })).rejects.toMatchObject({ code: 'diff_id_mismatch' });
  });
});

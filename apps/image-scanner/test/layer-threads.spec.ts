import { createHash } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { defaultLayerLimits, type LayerIdentity } from '@gabion/oci/layer-stream';
import { OciError } from '@gabion/oci/oci-error';
import { defaultLimits } from '@gabion/rootfs/limits';
import { file, type LayerEntry, layerTar } from '@gabion/testkit/layer-tar';
import { describe, expect, it } from '@jest/globals';
import { detectorSettings } from '../src/detectors.ts';
import { LayerThreads, type LayerThreadsOptions } from '../src/layer-threads.ts';
import { alpineLayer } from './recipes.ts';

const settings = await detectorSettings({ allowedLicences: [], deniedLicences: [] });

function threads(options: Partial<LayerThreadsOptions> = {}): LayerThreads {
  const limits = { ...defaultLimits, maxEntries: 1000 };
  return new LayerThreads({ threads: 1, settings, stream: defaultLayerLimits, limits, ...options });
}

const about = { createdBy: [''], lockFiles: false };

function layerOf(tar: Buffer): { layer: LayerIdentity; stored: Buffer } {
  const stored = gzipSync(tar);
  const digest = (bytes: Buffer) => `sha256:${createHash('sha256').update(bytes).digest('hex')}` as const;
  return { layer: { digest: digest(stored), size: stored.length, diffId: digest(tar) }, stored };
}

async function* pieces(bytes: Buffer, size = 64 * 1024) {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

/** Reads a layer and finds what is in it. */
async function packagesIn(pool: LayerThreads, entries: readonly LayerEntry[], signal = new AbortController().signal) {
  const { layer, stored } = layerOf(layerTar(entries));
  const contents = await pool.read(layer, async () => pieces(stored), signal);
  const { inventory, sizes } = await pool.survey([{ diffId: layer.diffId, contents }], about, signal);
  return { names: inventory.packages.map(({ name }) => name), sizes };
}

const musl = alpineLayer([{ name: 'musl', version: '1.1.22-r3' }]);

describe('LayerThreads', () => {
  it('reads a layer and finds what is in the image', async () => {
    await using pool = threads();
    const large = file('large', Buffer.from(Array.from({ length: 400_000 }, (_, i) => (i * i) % 251)));
    expect(await packagesIn(pool, [large, ...musl])).toEqual({
      names: ['musl'],
      sizes: [layerTar([large, ...musl]).length],
    });
  });

  it('asks for the layer a second time when a wanted file is a link to one that had gone by', async () => {
    await using pool = threads();
    const { layer, stored } = layerOf(
      layerTar([
        file('store/1', 'ID=alpine\nVERSION_ID=3.10.0\n'),
        { path: 'etc/os-release', type: 'hardlink', link: 'store/1' },
      ]),
    );
    let opened = 0;
    const open = async () => {
      opened++;
      return pieces(stored);
    };
    const { signal } = new AbortController();
    const contents = await pool.read(layer, open, signal);
    const { inventory } = await pool.survey([{ diffId: layer.diffId, contents }], about, signal);
    expect(inventory.operatingSystem).toMatchObject({ id: 'alpine' });
    expect(opened).toBe(2);
  });

  it('says what is wrong with a layer as its engines do, and goes on with the next', async () => {
    await using pool = threads();
    const many = Array.from({ length: 1001 }, (_, i) => file(`${i}`));
    await expect(packagesIn(pool, many)).rejects.toMatchObject({ name: 'RootfsError', code: 'too_many_entries' });
    const { layer, stored } = layerOf(layerTar(musl));
    const { signal } = new AbortController();
    await expect(pool.read(layer, async () => pieces(stored.subarray(0, -9)), signal)).rejects.toMatchObject({
      name: 'OciError',
      code: 'blob_truncated',
    });
    expect((await packagesIn(pool, musl)).names).toEqual(['musl']);
  });

  it('ends with the error of a source that breaks off', async () => {
    await using pool = threads();
    const { layer, stored } = layerOf(layerTar(musl));
    const failure = new OciError('registry_unavailable', 'gone');
    async function* breaking() {
      yield stored.subarray(0, 10);
      throw failure;
    }
    const { signal } = new AbortController();
    await expect(pool.read(layer, async () => breaking(), signal)).rejects.toBe(failure);
    await expect(pool.read(layer, () => Promise.reject(failure), signal)).rejects.toBe(failure);
    expect((await packagesIn(pool, musl)).names).toEqual(['musl']);
  });

  it('lets go of a layer at once when it is called off', async () => {
    await using pool = threads();
    const { layer } = layerOf(layerTar(musl));
    const stop = new AbortController();
    async function* endless() {
      yield Buffer.alloc(10);
      stop.abort(new Error('enough'));
      await pause(60_000, undefined, { ref: false });
    }
    const started = performance.now();
    await expect(pool.read(layer, async () => endless(), stop.signal)).rejects.toThrow('enough');
    expect((await packagesIn(pool, musl)).names).toEqual(['musl']);
    expect(performance.now() - started).toBeLessThan(10_000);
  });

  it('takes no more of a layer than its thread does', async () => {
    await using pool = threads({ thread: new URL('./lost-thread.ts', import.meta.url) });
    let taken = 0;
    async function* bytes() {
      for (; taken < 1000; taken++) yield Buffer.alloc(64 * 1024);
    }
    const stop = new AbortController();
    const layer = { diffId: 'does not listen' as never, size: 1 };
    const reading = pool.read(layer, async () => bytes(), stop.signal);
    const observed = expect(reading).rejects.toThrow('enough');
    const until = performance.now() + 10_000;
    for (let before = -1; (taken === 0 || before !== taken) && performance.now() < until; await pause(100))
      before = taken;
    stop.abort(new Error('enough'));
    await observed;
    // Four pieces of 256 KiB are on their way, and one waits.
    expect(taken).toBeGreaterThan(0);
    expect(taken * 64).toBeLessThanOrEqual(5 * 256);
  });

  const losses = ['exits', 'throws outside of its task', 'is stuck', 'fills its heap'];
  it.each(losses)('fails the one layer whose thread %s, and has another thread for the next', async (loss) => {
    await using pool = threads({ stallMs: 2000, heapMb: 64, thread: new URL('./lost-thread.ts', import.meta.url) });
    const read = (diffId: string) =>
      pool.read(
        { diffId: diffId as never, size: 1 },
        async () => pieces(Buffer.alloc(1)),
        new AbortController().signal,
      );
    await expect(read(loss)).rejects.toMatchObject({ name: 'ScanFailure', code: 'layer_analysis_failed' });
    expect([...(await read('is well'))]).toEqual([1, 2, 3]);
  });
});

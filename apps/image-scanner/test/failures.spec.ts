import { setTimeout as pause } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { fromBinary } from '@bufbuild/protobuf';
import { ScanFailedSchema } from '@gabion/contracts/gabion/scan/v1/events_pb';
import { ScanState } from '@gabion/contracts/gabion/scan/v1/scans_pb';
import { buildImage, type ImageRecipe, pushImage } from '@gabion/testkit/images';
import { type LayerEntry, layerTar } from '@gabion/testkit/layer-tar';
import { registryForTests } from '@gabion/testkit/registry';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { FakeRegistry } from './fake-registry.ts';
import { npmPackage } from './recipes.ts';
import { type Replica, Site } from './site.ts';

let site: Site;
let scanner: Replica;
let registry: FakeRegistry;
beforeAll(async () => {
  site = await Site.open();
  scanner = await site.replica({ maxLayerBytes: 128 * 1024 ** 2 });
  registry = await FakeRegistry.start();
});
afterAll(async () => {
  await site?.[Symbol.asyncDispose]();
  await registry?.[Symbol.asyncDispose]();
});

let names = 0;
const served = (recipe: ImageRecipe) => registry.add(`bad${++names}`, buildImage(recipe));

/** Scans, and holds the scan to have left nothing but itself and its event. */
async function failureOf(reference: string): Promise<string> {
  const kept = ['images', 'components', 'component_findings', 'layers', 'layer_leases'];
  const before = await Promise.all(kept.map((table) => site.count(table)));
  const scan = await scanner.scan(reference);
  expect(scan.state).toBe(ScanState.FAILED);
  const clauses = scan.error!.message.split(': ');
  expect(clauses.filter((clause, at) => clause === '' || clauses.indexOf(clause) !== at)).toEqual([]);
  expect(await Promise.all(kept.map((table) => site.count(table)))).toEqual(before);
  expect(await scanner.findings(scan.id)).toEqual([]);
  const events = (await site.events('image.scan-failed')).filter((event) => event.key === reference);
  const told = events.map((event) => fromBinary(ScanFailedSchema, event.body));
  expect(told.find((event) => event.scanId === scan.id)?.error).toEqual(scan.error);
  return scan.error!.code;
}

const fine = [npmPackage('lodash', '4.17.4')];

describe('a scan that cannot be done', () => {
  it('fails for an image that is not there', async () => {
    expect(await failureOf(`${registry.host}/image:nothing`)).toBe('image_not_found');
  });

  it('fails for a layer whose bytes are not those of its digest', async () => {
    const image = buildImage({ layers: [fine], compression: 'none' });
    const reference = registry.add('lying', image);
    const { digest } = image.layers[0]!;
    const bytes = Buffer.from(image.blobs.get(digest)!);
    bytes[bytes.indexOf('4.17.4')] = 0x35;
    registry.lie(digest, bytes);
    expect(await failureOf(reference)).toBe('blob_digest_mismatch');
  });

  it('fails for a layer whose gzip is cut off, and for one that is no tar', async () => {
    const cut = gzipSync(layerTar(fine)).subarray(0, -20);
    expect(await failureOf(served({ layers: [cut], compression: 'none' }))).toBe('layer_corrupt');
    const prose = Buffer.from('no tar at all, but long enough '.repeat(40));
    expect(await failureOf(served({ layers: [prose] }))).toBe('layer_invalid');
  });

  const hostile: [what: string, entry: LayerEntry, code: string][] = [
    ['a path that leads out', { path: '../../etc/cron.d/x', content: 'x' }, 'path_escapes'],
    ['a path that leads out further down', { path: 'a/b/../../../x', content: 'x' }, 'path_escapes'],
    ['a hard link that leads out', { path: 'x', type: 'hardlink', link: '../../etc/shadow' }, 'link_escapes'],
    ['a block device', { path: 'disk', type: 'block-device', device: [8, 0] }, 'device_node'],
  ];
  it.each(hostile)('fails for %s', async (_what, entry, code) => {
    expect(await failureOf(served({ layers: [[...fine, entry]] }))).toBe(code);
  });

  it('fails for a gzip bomb, by its ratio', async () => {
    const zeros = { path: 'zeros', content: Buffer.alloc(100 * 1024 ** 2) };
    expect(await failureOf(served({ layers: [[zeros]] }))).toBe('compression_ratio_exceeded');
  });

  it('fails for a layer over the limit', async () => {
    const large = { path: 'zeros', content: Buffer.alloc(129 * 1024 ** 2) };
    expect(await failureOf(served({ layers: [[large]], compression: 'none' }))).toBe('layer_too_large');
  });

  it('fails for what is no image', async () => {
    const image = buildImage({ layers: [[npmPackage('chart', '1.0.0')]] });
    const reference = registry.add('chart', image);
    const manifest = image.blobs.get(image.manifest.digest)!.toString();
    const chart = Buffer.from(manifest.replaceAll('vnd.oci.image.config', 'vnd.cncf.helm.config'));
    registry.lie(image.manifest.digest, chart);
    expect(await failureOf(reference)).toBe('media_type_unknown');
  });

  it('fails for a platform that the image is not for', async () => {
    const { id } = await scanner.create(served({ layers: [fine] }), { platform: 'linux/s390x' });
    expect((await scanner.ended(id)).error?.code).toBe('platform_not_found');
  });

  it('fails for addresses at which clouds give away secrets, however they are written', async () => {
    expect(await failureOf('169.254.169.254/latest/meta-data:v1')).toBe('address_refused');
    expect(await failureOf('[fe80::1]:5000/x:v1')).toBe('address_refused');
    expect(await failureOf('[::ffff:a9fe:a9fe]:80/x:v1')).toBe('address_refused');
  });

  it('fails for a registry that nobody answers for', async () => {
    expect(await failureOf('127.0.0.1:1/image:v1')).toBe('registry_unavailable');
  });

  it('leaves the service as it was: the next scan succeeds', async () => {
    const scan = await scanner.scan(served({ layers: [fine] }));
    expect(scan.state).toBe(ScanState.SUCCEEDED);
  });
});

const real = await registryForTests({ auth: { username: 'robot', password: 'pass word' } });
afterAll(async () => {
  if (!('skipped' in real)) await real[Symbol.asyncDispose]();
});
(('skipped' in real ? describe.skip : describe) as typeof describe)(
  `credentials ${'skipped' in real ? real.skipped : ''}`,
  () => {
    const host = 'skipped' in real ? '' : real.host;
    const credentials = (password: string) => ({ credentials: { username: 'robot', password } });

    it('are asked for, tried, kept while the scan waits, and gone when it has ended', async () => {
      const image = buildImage({ layers: [fine] });
      await pushImage(host, 'private', 'v1', image, { username: 'robot', password: 'pass word' });
      expect(await failureOf(`${host}/private:v1`)).toBe('unauthorized');
      const wrong = await scanner.create(`${host}/private:v1`, credentials('wrong'));
      expect((await scanner.ended(wrong.id)).error?.code).toBe('unauthorized');
      const { id } = await scanner.create(`${host}/private:v1`, credentials('pass word'));
      expect((await scanner.ended(id)).state).toBe(ScanState.SUCCEEDED);
      while (site.kept.size > 0) await pause(20);
    });

    it('are not readable in the database', async () => {
      await using quiet = await Site.open();
      const replica = await quiet.replica({ workers: 0 });
      const { id } = await replica.create(`${host}/private:v1`, credentials('pass word'));
      expect([...quiet.kept.keys()]).toEqual([`image-scanner scans/${id}`]);
      expect(await quiet.count('scans', "scans::text like '%pass word%'")).toBe(0);
      expect(await quiet.count('events.log', "position(convert_to('pass word', 'utf8') in body) > 0")).toBe(0);
    });
  },
);

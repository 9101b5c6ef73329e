import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { type Scan, ScanPriority, ScanState } from '@gabion/contracts/gabion/scan/v1/scans_pb';
import { type BuiltImage, buildImage } from '@gabion/testkit/images';
import { postgresForTests } from '@gabion/testkit/postgres';
import { afterAll, afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { sql } from 'kysely';
import { ReplicaProcess } from './child.ts';
import { FakeRegistry } from './fake-registry.ts';
import { npmPackage } from './recipes.ts';
import { caller, Site } from './site.ts';

// One server for the whole suite; each test has a database of its own in it.
const postgres = await postgresForTests();
afterAll(async () => postgres[Symbol.asyncDispose]());

let site: Site;
let registry: FakeRegistry;
beforeEach(async () => {
  site = await Site.open();
  registry = await FakeRegistry.start();
});
afterEach(async () => {
  await site[Symbol.asyncDispose]();
  await registry[Symbol.asyncDispose]();
});

/** Waits until something is so; fails with the test's own limit. */
async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) await pause(20);
}

const leaseMs = 1000;

describe('the queue', () => {
  it('hands a scan on when its worker is killed, and ends it once', async () => {
    const image = buildImage({ layers: [[npmPackage('lodash', '4.17.4')]] });
    const reference = registry.add('v1', image);
    const layer = image.layers[0]!.digest;
    const release = registry.hold(layer);
    const door = await site.replica({ workers: 0 });
    const worker = await ReplicaProcess.start(site.config({ leaseMs }));
    const { id } = await door.create(reference);
    await until(() => (registry.asked.get(layer) ?? 0) > 0);
    await worker.kill();
    expect(await site.count('scans', "state = 'running'")).toBe(1);
    release();
    await using other = await site.replica({ leaseMs });
    expect((await other.ended(id)).state).toBe(ScanState.SUCCEEDED);
    expect(await site.events('image.scanned')).toHaveLength(1);
    expect(await site.count('layer_leases')).toBe(0);
  });

  it('gives a scan up that has brought down three workers', async () => {
    const image = buildImage({ layers: [[npmPackage('lodash', '4.17.4')]] });
    const layer = image.layers[0]!.digest;
    registry.hold(layer);
    const door = await site.replica({ workers: 0 });
    const { id } = await door.create(registry.add('v1', image));
    for (let round = 1; round <= 3; round++) {
      await using worker = await ReplicaProcess.start(site.config({ leaseMs }));
      await until(() => (registry.asked.get(layer) ?? 0) >= round);
      await worker.kill();
    }
    await using last = await site.replica({ leaseMs });
    const scan = await last.ended(id);
    expect(scan.error?.code).toBe('scan_crashed');
    expect(await site.events('image.scan-failed')).toHaveLength(1);
  });

  it('gives a scan back at once when its worker stops', async () => {
    const image = buildImage({ layers: [[npmPackage('lodash', '4.17.4')]] });
    const layer = image.layers[0]!.digest;
    const release = registry.hold(layer);
    const first = await site.replica();
    const { id } = await first.create(registry.add('v1', image));
    await until(() => (registry.asked.get(layer) ?? 0) > 0);
    await first[Symbol.asyncDispose]();
    expect(await site.count('scans', "state = 'queued' and attempts = 0 and leased_by is null")).toBe(1);
    release();
    const second = await site.replica();
    expect((await second.ended(id)).state).toBe(ScanState.SUCCEEDED);
  });

  it('reads a layer once for images that share it, also when two replicas scan them at the same time', async () => {
    const shared = [npmPackage('lodash', '4.17.4')];
    const images = ['a', 'b'].map((name) => buildImage({ layers: [shared, [npmPackage(name, '1.0.0')]] }));
    const layer = images[0]!.layers[0]!.digest;
    const release = registry.hold(layer);
    const one = await site.replica({ workers: 1 });
    const two = await site.replica({ workers: 1 });
    const scans = [await one.create(registry.add('a', images[0]!)), await two.create(registry.add('b', images[1]!))];
    await until(async () => (await site.count('scans', "state = 'running'")) === 2);
    await until(async () => (await site.count('layers')) === 2);
    release();
    for (const { id } of scans) expect((await one.ended(id)).state).toBe(ScanState.SUCCEEDED);
    expect(registry.asked.get(layer)).toBe(1);
    expect(await site.count('layers')).toBe(3);
  });

  it('stores an image once that several scans find at the same time', async () => {
    const image = buildImage({ layers: [[npmPackage('lodash', '4.17.4')], [npmPackage('a', '1.0.0')]] });
    const reference = registry.add('v1', image);
    const replicas = [await site.replica(), await site.replica()];
    const scans = await Promise.all(Array.from({ length: 8 }, (_, n) => replicas[n % 2]!.create(reference)));
    for (const { id } of scans) expect((await replicas[0]!.ended(id)).state).toBe(ScanState.SUCCEEDED);
    expect(await site.count('images')).toBe(1);
    expect(await site.count('components')).toBe(2);
    expect(await site.events('image.scanned')).toHaveLength(8);
    for (const layer of image.layers) expect(registry.asked.get(layer.digest)).toBe(1);
  });

  it('takes what is urgent first, and what is old now and then', async () => {
    const reference = registry.add('v1', buildImage({ layers: [[npmPackage('a', '1.0.0')]] }));
    const door = await site.replica({ workers: 0 });
    const create = async (priority: ScanPriority) => (await door.create(reference, { priority })).id;
    const background = [await create(ScanPriority.BACKGROUND), await create(ScanPriority.BACKGROUND)];
    const event = await create(ScanPriority.EVENT);
    const urgent: string[] = [];
    for (let n = 0; n < 5; n++) urgent.push(await create(ScanPriority.UNSPECIFIED));
    await sql`
      update scans set create_time = now() - interval '11 min' where id = ${background[0]}`.execute(site.db.kysely);
    await using worker = await site.replica({ workers: 1 });
    for (const id of [...background, event, ...urgent]) await worker.ended(id);
    const { rows } = await sql<{ id: string }>`select id from scans order by start_time`.execute(site.db.kysely);
    const order = rows.map(({ id }) => id);
    expect(order).toEqual([...urgent.slice(0, 3), background[0], ...urgent.slice(3), event, background[1]]);
  });

  it('shows how a scan goes to watchers of every replica, and lets them leave', async () => {
    const layers = ['a', 'b', 'c'].map((name) => [npmPackage(name, '1.0.0')]);
    const image = buildImage({ layers });
    const release = registry.hold(image.layers[2]!.digest);
    const worker = await site.replica();
    const door = await site.replica({ workers: 0 });
    const { id } = await door.create(registry.add('v1', image));
    const seen: Scan[] = [];
    for await (const scan of door.scans.watchScan({ id }, { caller })) {
      seen.push(scan);
      if (scan.progress?.layersDone === 2) break;
    }
    release();
    for await (const scan of door.scans.watchScan({ id }, { caller })) seen.push(scan);
    expect(seen.at(-1)).toMatchObject({ state: ScanState.SUCCEEDED, progress: { layersTotal: 3, layersDone: 3 } });
    expect(seen.map((scan) => scan.state)).toContain(ScanState.RUNNING);
    expect((await worker.scans.getScan({ id }, { caller })).state).toBe(ScanState.SUCCEEDED);
  });

  it('shows how a scan goes within a layer', async () => {
    const image = buildImage({ layers: [[{ path: 'noise', content: randomBytes(1_000_000) }]] });
    const [{ digest, size }] = image.layers as [BuiltImage['layers'][0]];
    const release = registry.hold(digest, 600_000);
    const replica = await site.replica();
    const { id } = await replica.create(registry.add('v1', image));
    const bytes: bigint[] = [];
    for await (const { progress } of replica.scans.watchScan({ id }, { caller })) {
      if (progress?.bytesTotal) expect(progress.bytesTotal).toBe(BigInt(size));
      bytes.push(progress?.bytesDone ?? 0n);
      if (bytes.at(-1) === 600_000n) release();
    }
    expect(bytes).toContain(600_000n);
    expect(bytes.at(-1)).toBe(BigInt(size));
    expect(bytes).toEqual([...bytes].sort((a, b) => Number(a - b)));
  });

  it('tells a watcher of a scan that is not there', async () => {
    const replica = await site.replica();
    const id = '00000000-0000-4000-8000-000000000000';
    const watch = Array.fromAsync(replica.scans.watchScan({ id }, { caller }));
    await expect(watch).rejects.toMatchObject({ kind: 'not_found', code: 'scan_not_found' });
  });
});

describe('a request for a scan', () => {
  it('with the same idempotency key makes one scan, and with another content is refused', async () => {
    const replica = await site.replica({ workers: 0 });
    const order = { target: { case: 'image' as const, value: `${registry.host}/image:v1` } };
    const options = { caller, idempotencyKey: 'once' };
    const first = await replica.scans.createScan(order, options);
    expect(first).toMatchObject({ state: ScanState.QUEUED, target: order.target.value });
    expect(await replica.scans.createScan(order, options)).toEqual(first);
    expect(await site.count('scans')).toBe(1);
    const other = replica.scans.createScan({ ...order, platform: 'linux/arm64' }, options);
    await expect(other).rejects.toMatchObject({ kind: 'invalid_argument', code: 'idempotency_key_reused' });
  });

  it('is refused with the field at fault', async () => {
    const replica = await site.replica({ workers: 0 });
    await expect(replica.create('UPPER CASE')).rejects.toMatchObject({
      kind: 'invalid_argument',
      code: 'reference_invalid',
      message: 'the image reference is malformed',
      fields: [{ field: 'image', code: 'reference_invalid', message: expect.stringMatching(/^"UPPER CASE": /) }],
    });
    await expect(replica.scans.createScan({}, { caller })).rejects.toMatchObject({ kind: 'invalid_argument' });
    const upload = { target: { case: 'uploadId' as const, value: '00000000-0000-4000-8000-000000000000' } };
    await expect(replica.scans.createScan(upload, { caller })).rejects.toMatchObject({ code: 'upload_not_found' });
    const page = replica.scans.listScans({ pageToken: 'bm90IGE' }, { caller });
    await expect(page).rejects.toMatchObject({ kind: 'invalid_argument', code: 'page_token_invalid' });
  });
});

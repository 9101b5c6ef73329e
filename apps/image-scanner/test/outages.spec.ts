import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { ImageFormat, ScanState } from '@gabion/contracts/gabion/scan/v1/scans_pb';
import { openServer } from '@gabion/postgres/server';
import { buildImage, ociArchive } from '@gabion/testkit/images';
import { postgresForTests } from '@gabion/testkit/postgres';
import { afterAll, afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { sql } from 'kysely';
import { ReplicaProcess, smallDisksMissing } from './child.ts';
import { FakeRegistry } from './fake-registry.ts';
import { npmPackage } from './recipes.ts';
import { caller, Replica, Site } from './site.ts';

// One server for the whole suite; each test has a database of its own in it.
const postgres = await postgresForTests();
afterAll(async () => postgres[Symbol.asyncDispose]());

let registry: FakeRegistry;
beforeEach(async () => {
  registry = await FakeRegistry.start();
});
afterEach(() => registry[Symbol.asyncDispose]());

const image = buildImage({ layers: [[npmPackage('lodash', '4.17.4')]] });
const layer = image.layers[0]!.digest;
const credentials = { username: 'robot', password: 'pass word' };

/** A scan of an image that was uploaded to this replica. */
async function uploaded({ scans }: Replica): Promise<string> {
  async function* parts() {
    yield { part: { case: 'header' as const, value: { name: 'app.tar', format: ImageFormat.OCI_ARCHIVE } } };
    yield { part: { case: 'chunk' as const, value: ociArchive(image, 'v1') } };
  }
  const { uploadId } = await scans.uploadImage(parts(), { caller });
  return (await scans.createScan({ target: { case: 'uploadId', value: uploadId } }, { caller })).id;
}

/** Waits until something is so; fails with the test's own limit. */
async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) await pause(20);
}

describe('a scan that is held up', () => {
  it('fails when it takes longer than it may', async () => {
    await using site = await Site.open();
    registry.hold(layer);
    const replica = await site.replica({ scanTimeoutMs: 300 });
    const scan = await replica.scan(registry.add('v1', image));
    expect(scan).toMatchObject({ state: ScanState.FAILED, error: { code: 'scan_timeout' } });
    expect(await site.count('layer_leases')).toBe(0);
  });

  it('is taken by any replica when it came with credentials', async () => {
    await using site = await Site.open();
    const door = await site.replica({ workers: 0 });
    const { id } = await door.create(registry.add('v1', image), { credentials });
    const another = await site.replica({ dataDir: join(site.directory, 'elsewhere') });
    expect((await another.ended(id)).state).toBe(ScanState.SUCCEEDED);
    await until(() => site.kept.size === 0);
  });

  it('waits for the replica that has its upload, and fails when that has not come for a day', async () => {
    await using site = await Site.open();
    const door = await site.replica({ workers: 0 });
    const reference = registry.add('v1', image);
    const id = await uploaded(door);
    const stranger = await site.replica({ dataDir: join(site.directory, 'elsewhere'), leaseMs: 500 });
    // A later scan has been taken and has ended: the stranger has passed the one that it does not have.
    expect((await stranger.scan(reference)).state).toBe(ScanState.SUCCEEDED);
    expect((await door.scans.getScan({ id }, { caller })).state).toBe(ScanState.QUEUED);
    await sql`update scans set create_time = now() - interval '25 h' where id = ${id}`.execute(site.db.kysely);
    expect((await stranger.ended(id)).error?.code).toBe('replica_gone');
  });
});

describe('a scan during which PostgreSQL stops', () => {
  it('ends well when PostgreSQL is back', async () => {
    await using stack = new AsyncDisposableStack();
    const dataDir = await mkdtemp(join(tmpdir(), 'gabion-outage-'));
    stack.defer(() => rm(dataDir, { recursive: true, force: true }));
    // PostgreSQL may have to run as another user than this one.
    await chmod(dataDir, 0o711);
    let server = await openServer({ dataDir });
    stack.defer(() => server[Symbol.asyncDispose]());
    const site = stack.use(await Site.open(server.adminUrl));
    const release = registry.hold(layer);
    const replica = await site.replica({ leaseMs: 1000 });
    const { id } = await replica.create(registry.add('v1', image));
    await until(() => (registry.asked.get(layer) ?? 0) > 0);

    await server[Symbol.asyncDispose]();
    const asking = replica.scans.getScan({ id }, { caller, deadlineMs: 20_000 });
    await expect(asking).rejects.toMatchObject({ kind: 'unavailable' });
    // The layer comes, and cannot be stored.
    release();
    await until(() => registry.finished.has(layer));

    server = await openServer({ dataDir });
    const ended = () => replica.scans.getScan({ id }, { caller }).catch(() => undefined);
    await until(async () => (await ended())?.state === ScanState.SUCCEEDED);
    expect(await site.events('image.scanned')).toHaveLength(1);
    expect(await site.count('layer_leases')).toBe(0);
    // New scans are noticed again, too.
    expect((await replica.scan(registry.add('v2', image))).state).toBe(ScanState.SUCCEEDED);
  });
});

const missing = smallDisksMissing();
(missing ? describe.skip : describe)(`an upload to a disk that is full ${missing ? `(${missing})` : ''}`, () => {
  it('is refused, and gives its space back', async () => {
    await using site = await Site.open();
    const config = site.config({ workers: 0 });
    await using _ = await ReplicaProcess.start(config, { diskBytes: 2 * 1024 ** 2 });
    await using replica = Replica.connect(config.listen);
    const upload = (bytes: number) => {
      const parts = async function* () {
        yield { part: { case: 'header' as const, value: { name: 'x', format: ImageFormat.OCI_ARCHIVE } } };
        for (let sent = 0; sent < bytes; sent += 100_000)
          yield { part: { case: 'chunk' as const, value: new Uint8Array(100_000) } };
      };
      return replica.scans.uploadImage(parts(), { caller });
    };
    await expect(upload(3_000_000)).rejects.toMatchObject({ kind: 'resource_exhausted', code: 'disk_full' });
    expect(await site.count('uploads')).toBe(0);
    expect(await upload(1_800_000)).toMatchObject({ size: 1_800_000n });
  });
});

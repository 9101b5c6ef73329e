import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { ImageFormat, ScanState } from '@gabion/contracts/gabion/scan/v1/scans_pb';
import { buildImage, dockerArchive, ociArchive } from '@gabion/testkit/images';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { sql } from 'kysely';
import { lodashAdvisory } from './feeds.ts';
import { npmPackage } from './recipes.ts';
import { caller, type Replica, Site } from './site.ts';

let site: Site;
let scanner: Replica;
beforeAll(async () => {
  site = await Site.open();
  scanner = await site.replica();
  await scanner.import('osv-npm', lodashAdvisory);
});
afterAll(() => site?.[Symbol.asyncDispose]());

async function* parts(name: string, format: ImageFormat, bytes: Buffer, chunkBytes = 64 * 1024) {
  yield { part: { case: 'header' as const, value: { name, format } } };
  for (let at = 0; at < bytes.length; at += chunkBytes)
    yield { part: { case: 'chunk' as const, value: bytes.subarray(at, at + chunkBytes) } };
}

const spooled = (at = site) => readdir(join(at.directory, 'data', 'spool'));
const image = buildImage({ layers: [[npmPackage('lodash', '4.17.4')]] });

describe('an uploaded image', () => {
  it.each([
    ['docker save', ImageFormat.DOCKER_ARCHIVE, dockerArchive(image, ['app:v1'], 'classic')],
    ['a newer docker save', ImageFormat.DOCKER_ARCHIVE, dockerArchive(image, ['app:v1'], 'blobs')],
    ['an OCI layout', ImageFormat.OCI_ARCHIVE, ociArchive(image, 'v1')],
    ['an OCI layout in gzip', ImageFormat.OCI_ARCHIVE, gzipSync(ociArchive(image, 'v1'))],
  ])('of %s is scanned under the name it was given', async (_what, format, bytes) => {
    const upload = await scanner.scans.uploadImage(parts('./app.tar', format, bytes), { caller });
    expect(upload.size).toBe(BigInt(bytes.length));
    const { id } = await scanner.scans.createScan({ target: { case: 'uploadId', value: upload.uploadId } }, { caller });
    const scan = await scanner.ended(id);
    expect(scan).toMatchObject({ state: ScanState.SUCCEEDED, target: './app.tar', severityCounts: { critical: 1 } });
  });

  it('that is no archive fails the scan', async () => {
    const bytes = Buffer.alloc(2048, 'x');
    const upload = await scanner.scans.uploadImage(parts('x', ImageFormat.OCI_ARCHIVE, bytes), { caller });
    const { id } = await scanner.scans.createScan({ target: { case: 'uploadId', value: upload.uploadId } }, { caller });
    expect((await scanner.ended(id)).error?.code).toBe('archive_invalid');
  });

  it('over the limit is refused, and leaves no file', async () => {
    await using other = await Site.open();
    const small = await other.replica({ maxUploadBytes: 100_000 });
    const sending = small.scans.uploadImage(parts('x', ImageFormat.OCI_ARCHIVE, Buffer.alloc(200_000)), { caller });
    await expect(sending).rejects.toMatchObject({ kind: 'resource_exhausted', code: 'upload_too_large' });
    expect(await spooled(other)).toEqual([]);
    expect(await other.count('uploads')).toBe(0);
  });

  it('whose sender goes away leaves no file and no row', async () => {
    const gone = new AbortController();
    const before = { files: await spooled(), rows: await site.count('uploads') };
    const endless = (async function* () {
      yield* parts('x', ImageFormat.OCI_ARCHIVE, Buffer.alloc(100_000));
      while ((await spooled()).length === before.files.length) await new Promise((resolve) => setTimeout(resolve, 10));
      gone.abort();
      await new Promise(() => {});
    })();
    await expect(scanner.scans.uploadImage(endless, { caller, signal: gone.signal })).rejects.toMatchObject({
      kind: 'cancelled',
    });
    while ((await spooled()).length > before.files.length) await new Promise((resolve) => setTimeout(resolve, 10));
    expect(await site.count('uploads')).toBe(before.rows);
  });

  it('that expired is not scanned', async () => {
    const upload = await scanner.scans.uploadImage(parts('x', ImageFormat.OCI_ARCHIVE, Buffer.alloc(10)), { caller });
    await sql`update uploads set expire_time = now() - interval '1 s'`.execute(site.db.kysely);
    const late = scanner.scans.createScan({ target: { case: 'uploadId', value: upload.uploadId } }, { caller });
    await expect(late).rejects.toMatchObject({ kind: 'not_found', code: 'upload_not_found' });
  });
});

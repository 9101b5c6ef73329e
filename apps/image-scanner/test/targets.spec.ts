import { gzipSync } from 'node:zlib';
import {
  FindingKind,
  ImageFormat,
  ReportFormat,
  type Scan,
  ScanState,
} from '@gabion/contracts/gabion/scan/v1/scans_pb';
import { buildImage } from '@gabion/testkit/images';
import { layerTar } from '@gabion/testkit/layer-tar';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { FakeRegistry } from './fake-registry.ts';
import { alpineSecdb, debianList, lodashAdvisory } from './feeds.ts';
import { alpineLayer, debianLayer, npmPackage } from './recipes.ts';
import { caller, type Replica, Site, told } from './site.ts';

let site: Site;
let registry: FakeRegistry;
let scanner: Replica;
beforeAll(async () => {
  site = await Site.open();
  registry = await FakeRegistry.start();
  scanner = await site.replica();
  await scanner.import('debian-dsa', debianList);
  await scanner.import('alpine-secdb', alpineSecdb);
  await scanner.import('osv-npm', lodashAdvisory);
  await scanner.import('osv-pypi', { 'PYSEC-1.json': JSON.stringify(pythonAdvisory) });
});
afterAll(async () => {
  await site?.[Symbol.asyncDispose]();
  await registry?.[Symbol.asyncDispose]();
});

const pythonAdvisory = {
  id: 'PYSEC-1',
  aliases: ['CVE-2021-11111'],
  modified: '2024-05-01T00:00:00Z',
  affected: [
    {
      package: { ecosystem: 'PyPI', name: 'jinja2' },
      ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }, { fixed: '3.0.0' }] }],
    },
  ],
};
const jinja = {
  path: 'usr/lib/python3/site-packages/Jinja2-2.11.dist-info/METADATA',
  content: 'Name: Jinja2\nVersion: 2.11\n',
};
const openssl = { name: 'libssl1.1', version: '1.1.1k-1', source: 'openssl' };
const debian = [...debianLayer([openssl]), npmPackage('lodash', '4.17.4'), jinja];
const alpine = alpineLayer([
  { name: 'busybox', version: '1.30.1-r2' },
  { name: 'musl-utils', version: '1.1.22-r2', origin: 'musl' },
]);

async function upload(name: string, format: ImageFormat, bytes: Buffer): Promise<string> {
  async function* parts() {
    yield { part: { case: 'header' as const, value: { name, format } } };
    for (let at = 0; at < bytes.length; at += 65_536)
      yield { part: { case: 'chunk' as const, value: bytes.subarray(at, at + 65_536) } };
  }
  return (await scanner.scans.uploadImage(parts(), { caller })).uploadId;
}

async function scanned(name: string, format: ImageFormat, bytes: Buffer, kinds: FindingKind[] = []) {
  const target = { case: 'uploadId' as const, value: await upload(name, format, bytes) };
  const { id } = await scanner.scans.createScan({ target, kinds }, { caller });
  return scanner.ended(id);
}

async function report(scanId: string, format: ReportFormat): Promise<Buffer> {
  const chunks = await Array.fromAsync(scanner.scans.getReport({ scanId, format }, { caller }));
  return Buffer.concat(chunks.map(({ data }) => data));
}

describe('an SBOM', () => {
  it.each([
    ['CycloneDX of Debian, npm and PyPI', debian, ReportFormat.CYCLONEDX, 4],
    ['SPDX of Debian, npm and PyPI', debian, ReportFormat.SPDX, 4],
    ['CycloneDX of Alpine', alpine, ReportFormat.CYCLONEDX, 2],
    ['SPDX of Alpine', alpine, ReportFormat.SPDX, 2],
  ])('in %s is judged as the image that it was made of', async (_what, layer, format, count) => {
    registry.add('made', buildImage({ layers: [layer] }));
    const image = await scanner.scan(`${registry.host}/image:made`);
    const listed = await scanned('bom.json', ImageFormat.SBOM, await report(image.id, format));
    expect(listed).toMatchObject({ state: ScanState.SUCCEEDED, target: 'bom.json', platform: '', layers: [] });
    // A package URL has PyPI's names in small letters.
    const judged = async (scan: Scan) => JSON.stringify((await scanner.findings(scan.id)).map(told)).toLowerCase();
    expect(JSON.parse(await judged(image))).toHaveLength(count);
    expect(await judged(listed)).toEqual(await judged(image));
    expect(listed.operatingSystem).toMatchObject({ id: image.operatingSystem!.id });
  });

  it('is known again by its digest, and says so in reports', async () => {
    const bytes = Buffer.from(JSON.stringify({ bomFormat: 'CycloneDX', specVersion: '1.5', components: [] }));
    const [first, second] = [await scanned('a', ImageFormat.SBOM, bytes), await scanned('b', ImageFormat.SBOM, bytes)];
    expect(second.imageDigest).toBe(first.imageDigest);
    expect(JSON.parse((await report(second.id, ReportFormat.JSON)).toString()).targetKind).toBe('sbom');
  });

  it.each([
    ['text', 'no bill', 'sbom_format_unknown'],
    ['half of JSON', '{"bomFormat":"CycloneDX",', 'sbom_malformed'],
    ['SPDX 3', '{"@context":"https://spdx.org/rdf/3.0.1/spdx-context.jsonld"}', 'sbom_version_unsupported'],
  ])('that is %s fails the scan with a code', async (_what, text, code) => {
    const scan = await scanned('bom', ImageFormat.SBOM, Buffer.from(text));
    expect(scan).toMatchObject({ state: ScanState.FAILED, error: { code } });
  });

  it('is not asked for what no list of packages tells', async () => {
    const asked = scanned('bom', ImageFormat.SBOM, Buffer.from('{}'), [FindingKind.SECRET]);
    await expect(asked).rejects.toMatchObject({ kind: 'invalid_argument', code: 'kinds_unsupported' });
  });
});

describe('a directory', () => {
  const lock = {
    path: 'srv/app/package-lock.json',
    content: JSON.stringify({
      name: 'app',
      lockfileVersion: 3,
      packages: { '': { name: 'app' }, 'node_modules/lodash': { version: '4.17.4' } },
    }),
  };
  const tar = layerTar([...debianLayer([openssl]), lock]);

  it.each([
    ['plain', tar],
    ['in gzip', gzipSync(tar)],
  ])('as a tar, %s, is scanned with its lock files', async (_what, bytes) => {
    const scan = await scanned('./rootfs', ImageFormat.FILE_SYSTEM, bytes);
    expect(scan).toMatchObject({ state: ScanState.SUCCEEDED, target: './rootfs', platform: '' });
    const found = (await scanner.findings(scan.id)).map((each) => each.package?.name);
    expect(found).toEqual(['lodash', 'libssl1.1', 'libssl1.1']);
    expect(scan.findingCounts?.configuration).toBe(0);
    expect(JSON.parse((await report(scan.id, ReportFormat.JSON)).toString()).targetKind).toBe('file-system');
  });

  it('that is no tar fails the scan', async () => {
    const scan = await scanned('x', ImageFormat.FILE_SYSTEM, Buffer.alloc(4096, 'x'));
    expect(scan.error?.code).toBe('layer_invalid');
  });
});

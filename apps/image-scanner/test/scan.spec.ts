import { fromBinary } from '@bufbuild/protobuf';
import { ImageScannedSchema } from '@gabion/contracts/gabion/scan/v1/events_pb';
import { ScanState, Severity } from '@gabion/contracts/gabion/scan/v1/scans_pb';
import { span, startTracing, traceId } from '@gabion/telemetry/tracing';
import { buildImage, type ImageRecipe, pushImage } from '@gabion/testkit/images';
import { registryForTests } from '@gabion/testkit/registry';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { FakeRegistry } from './fake-registry.ts';
import { alpineSecdb, debianList, lodashAdvisory } from './feeds.ts';
import { alpineLayer, debianLayer, dpkgStatus, npmPackage } from './recipes.ts';
import { caller, type Replica, Site, told } from './site.ts';

// A registry that others wrote, where it is installed.
const installed = await registryForTests();
const registry = 'skipped' in installed ? await FakeRegistry.start() : installed;

let tracing: AsyncDisposable;
let site: Site;
let scanner: Replica;
beforeAll(async () => {
  tracing = await startTracing({ service: 'test' });
  site = await Site.open();
  scanner = await site.replica();
  await scanner.import('debian-dsa', debianList);
  await scanner.import('alpine-secdb', alpineSecdb);
  await scanner.import('osv-npm', lodashAdvisory);
});
afterAll(async () => {
  await site?.[Symbol.asyncDispose]();
  await tracing?.[Symbol.asyncDispose]();
  await registry[Symbol.asyncDispose]();
});

async function pushed(name: string, recipe: ImageRecipe): Promise<{ reference: string; digest: string }> {
  const image = buildImage(recipe);
  const { digest } = image.manifest;
  if (registry instanceof FakeRegistry) return { reference: registry.add(name, image), digest };
  await pushImage(registry.host, name, 'v1', image);
  return { reference: `${registry.host}/${name}:v1`, digest };
}

describe(`a scan of an image in ${'skipped' in installed ? `a registry of this test (${installed.skipped})` : 'docker-registry'}`, () => {
  it('finds what the Debian lists fix, by source package, and says why', async () => {
    const packages = [
      { name: 'libssl1.1', version: '1.1.1k-1', source: 'openssl' },
      { name: 'libxml2', version: '2.9.10+dfsg-6.7+deb11u2' },
    ];
    const { reference, digest } = await pushed('debian', {
      layers: [debianLayer(packages)],
      createdBy: ['ADD rootfs.tar /'],
    });
    const scan = await scanner.scan(reference);
    expect(scan).toMatchObject({
      state: ScanState.SUCCEEDED,
      target: reference,
      imageDigest: digest,
      platform: 'linux/amd64',
      packageCount: 2,
      operatingSystem: { id: 'debian', version: '11', prettyName: 'Debian GNU/Linux 11 (bullseye)' },
      severityCounts: { unknown: 2 },
      warnings: [expect.objectContaining({ code: 'operating_system_end_of_life' })],
      progress: { layersTotal: 1, layersDone: 1 },
    });
    expect(scan.layers.map((layer) => layer.createdBy)).toEqual(['ADD rootfs.tar /']);
    const findings = await scanner.findings(scan.id);
    expect(findings.map(told)).toEqual([
      ['CVE-2021-3711', 'libssl1.1@1.1.1k-1', '1.1.1k-1+deb11u1', Severity.UNKNOWN],
      ['CVE-2021-3712', 'libssl1.1@1.1.1k-1', '1.1.1k-1+deb11u1', Severity.UNKNOWN],
    ]);
    expect(findings[0]).toMatchObject({
      advisory: { source: 'debian-dsa', id: 'DSA-4963-1', rule: 'openssl < 1.1.1k-1+deb11u1' },
      package: {
        ecosystem: 'Debian:11',
        sourceName: 'openssl',
        path: 'var/lib/dpkg/status',
        layerDiffId: scan.layers[0]!.diffId,
      },
    });
  });

  it('finds what the Alpine database fixes, by origin', async () => {
    const packages = [
      { name: 'busybox', version: '1.30.1-r4' },
      { name: 'ssl_client', version: '1.30.1-r4', origin: 'busybox' },
      { name: 'musl', version: '1.1.22-r3' },
    ];
    const { reference } = await pushed('alpine', { layers: [alpineLayer(packages)], compression: 'zstd' });
    const scan = await scanner.scan(reference);
    expect((await scanner.findings(scan.id)).map(told)).toEqual([
      ['CVE-2021-28831', 'busybox@1.30.1-r4', '1.30.1-r5', Severity.UNKNOWN],
      ['CVE-2021-28831', 'ssl_client@1.30.1-r4', '1.30.1-r5', Severity.UNKNOWN],
    ]);
  });

  it('finds npm packages in any layer, with severity and score, and those a whiteout removed no more', async () => {
    const base = debianLayer([]);
    const withLodash = [npmPackage('lodash', '4.17.4'), npmPackage('left-pad', '1.3.0')];
    const { reference } = await pushed('npm', { layers: [base, withLodash], docker: true });
    const scan = await scanner.scan(reference);
    const findings = await scanner.findings(scan.id);
    expect(findings.map(told)).toEqual([['CVE-2019-10744', 'lodash@4.17.4', '4.17.12', Severity.CRITICAL]]);
    expect(findings[0]).toMatchObject({ cvssScore: 9.1, aliases: ['GHSA-jf85-cpcp-j695'] });
    expect(scan.severityCounts).toMatchObject({ critical: 1 });

    const removed = await pushed('npm-removed', {
      layers: [base, withLodash, [{ path: 'app/node_modules/.wh.lodash' }]],
    });
    expect(await scanner.findings((await scanner.scan(removed.reference)).id)).toEqual([]);
    const upgraded = await pushed('npm-upgraded', { layers: [base, withLodash, [npmPackage('lodash', '4.17.21')]] });
    expect(await scanner.findings((await scanner.scan(upgraded.reference)).id)).toEqual([]);
  });

  it('names the layer that brought a package, not the one that rewrote the database', async () => {
    const old = { name: 'libxml2', version: '2.9.10+dfsg-6.7' };
    const { reference } = await pushed('origin', {
      layers: [
        debianLayer([old]),
        [{ path: 'var/lib/dpkg/status', content: dpkgStatus([old, { name: 'zlib1g', version: '1:1.2.11.dfsg-2' }]) }],
      ],
    });
    const scan = await scanner.scan(reference);
    const [finding] = await scanner.findings(scan.id);
    expect(finding?.package?.layerDiffId).toBe(scan.layers[0]!.diffId);
  });

  it('warns of what no source speaks of', async () => {
    const layer = [{ path: 'etc/os-release', content: 'ID=ubuntu\nVERSION_ID="22.04"\n' }, debianLayer([])[1]!];
    const { reference } = await pushed('ubuntu', {
      layers: [layer, [{ path: 'var/lib/dpkg/status', content: dpkgStatus([{ name: 'a', version: '1' }]) }]],
    });
    const scan = await scanner.scan(reference);
    expect(scan.warnings.map(({ code }) => code)).toEqual(['no_advisories']);
  });

  it('publishes what it found, once, with the trace of the request', async () => {
    const { reference, digest } = await pushed('event', { layers: [[npmPackage('lodash', '4.17.5')]] });
    const { scan, trace } = await span('test', {}, async () => {
      return { scan: await scanner.scan(reference), trace: traceId() };
    });
    const events = (await site.events('image.scanned')).filter((event) => event.key === digest);
    expect(events).toHaveLength(1);
    expect(trace).toMatch(/^[0-9a-f]{32}$/);
    expect(events[0]!.headers.traceparent).toContain(trace);
    expect(fromBinary(ImageScannedSchema, events[0]!.body)).toMatchObject({
      scanId: scan.id,
      target: reference,
      imageDigest: digest,
      severityCounts: { critical: 1 },
      packageCount: 1,
    });
  });

  it('answers a repeat from what it knows, with the same findings, and tells of all scans of the image what the advisories say now', async () => {
    const { reference } = await pushed('repeat', { layers: [[npmPackage('lodash', '4.17.6')]] });
    const first = await scanner.scan(reference);
    const again = await scanner.scan(reference);
    expect(again.id).not.toBe(first.id);
    expect(await scanner.findings(again.id)).toEqual(await scanner.findings(first.id));
    expect(await site.count('images', `manifest_digest = '${first.imageDigest}'`)).toBe(1);
    expect(again.progress).toMatchObject({ layersTotal: 1, layersDone: 1, bytesTotal: 0n });
    await scanner.import('osv-more', {
      'X.json': JSON.stringify({
        id: 'GHSA-aaaa-bbbb-cccc',
        modified: '2024-01-01T00:00:00Z',
        affected: [{ package: { ecosystem: 'npm', name: 'lodash' }, versions: ['4.17.6'] }],
      }),
    });
    const rejudged = await scanner.scan(reference);
    expect((await scanner.findings(rejudged.id)).map((each) => each.vulnerabilityId)).toEqual([
      'CVE-2019-10744',
      'GHSA-aaaa-bbbb-cccc',
    ]);
    expect(await scanner.findings(first.id)).toEqual(await scanner.findings(rejudged.id));
  });

  it('lists scans and packages page by page', async () => {
    const names = ['a', 'b', 'c', 'd', 'e'];
    const { reference, digest } = await pushed('pages', { layers: [names.map((name) => npmPackage(name, '1.0.0'))] });
    const ids = [];
    for (let n = 0; n < 3; n++) ids.push((await scanner.scan(reference)).id);
    const found: string[] = [];
    let pageToken = '';
    do {
      const page = await scanner.scans.listPackages({ scanId: ids[0]!, pageSize: 2, pageToken }, { caller });
      found.push(...page.packages.map((each) => each.name));
      pageToken = page.nextPageToken;
    } while (pageToken);
    expect(found).toEqual(names);
    const first = await scanner.scans.listScans({ imageDigest: digest, pageSize: 2 }, { caller });
    const rest = await scanner.scans.listScans(
      { imageDigest: digest, pageSize: 2, pageToken: first.nextPageToken },
      { caller },
    );
    expect([...first.scans, ...rest.scans].map(({ id }) => id)).toEqual(ids.toReversed());
    expect(rest.nextPageToken).toBe('');
    const none = await scanner.scans.listScans({ imageDigest: digest, state: ScanState.FAILED }, { caller });
    expect(none.scans).toEqual([]);
  });
});

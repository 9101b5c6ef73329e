import { setTimeout as pause } from 'node:timers/promises';
import { RegistryService, type Sweep, SweepState } from '@gabion/contracts/gabion/scan/v1/registries_pb';
import { ScanPriority, ScanState } from '@gabion/contracts/gabion/scan/v1/scans_pb';
import { connect } from '@gabion/rpc/client';
import { buildImage, buildIndex, pushImage } from '@gabion/testkit/images';
import { postgresForTests } from '@gabion/testkit/postgres';
import { registryForTests } from '@gabion/testkit/registry';
import { credentials } from '@grpc/grpc-js';
import { afterAll, afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { npmPackage } from './recipes.ts';
import { caller, type Replica, Site } from './site.ts';

const auth = { username: 'ada', password: 'countess' };
const postgres = await postgresForTests();
const started = await registryForTests({ auth });
afterAll(async () => {
  await postgres[Symbol.asyncDispose]();
  if (!('skipped' in started)) await started[Symbol.asyncDispose]();
});
const skipped = 'skipped' in started ? `(${started.skipped})` : '';
const host = 'skipped' in started ? '' : started.host;
const image = (name: string, architecture?: string) =>
  buildImage({ layers: [[npmPackage(name, '1.0.0')]], ...(architecture && { architecture }) });

let site: Site;
beforeEach(async () => {
  site = await Site.open();
});
afterEach(() => site[Symbol.asyncDispose]());

function registriesOf(replica: Replica) {
  const connection = connect({
    address: replica.address,
    as: 'gateway',
    credentials: credentials.createInsecure(),
  });
  return connection.client(RegistryService);
}

async function swept(registries: ReturnType<typeof registriesOf>, id: string): Promise<Sweep> {
  for (;;) {
    const sweep = await registries.getSweep({ id }, { caller });
    if (sweep.state !== SweepState.LISTING && sweep.state !== SweepState.SCANNING) return sweep;
    await pause(50);
  }
}

(skipped ? describe.skip : describe)(`registries ${skipped}`, () => {
  it('keeps credentials to itself, and uses them for scans that bring none', async () => {
    await pushImage(host, 'own/app', '1', image('a'), auth);
    const replica = await site.replica();
    const registries = registriesOf(replica);
    const put = await registries.putRegistry({ registry: { name: 'main', host, credentials: auth } }, { caller });
    expect(put).toMatchObject({ name: 'main', host, hasCredentials: true, maxConcurrentScans: 4 });
    expect(put.credentials).toBeUndefined();
    expect([...site.kept.keys()]).toEqual(['image-scanner registries/main']);
    await registries.putRegistry({ registry: { name: 'main', host, maxConcurrentScans: 2 } }, { caller });
    expect((await replica.scan(`${host}/own/app:1`)).state).toBe(ScanState.SUCCEEDED);
    await expect(registries.putRegistry({ registry: { name: 'other', host } }, { caller })).rejects.toMatchObject({
      code: 'registry_host_taken',
    });
    // Kept for another host, they are for nobody here.
    const credentials = { username: 'robot', password: 'x' };
    const elsewhere = Buffer.from(JSON.stringify({ host: 'other.example', credentials }));
    const own = site.kept.get('image-scanner registries/main') as Uint8Array;
    site.kept.set('image-scanner registries/main', elsewhere);
    expect((await replica.scan(`${host}/own/app:1`)).error?.code).toBe('registry_credentials_missing');
    site.kept.set('image-scanner registries/main', own);
    await registries.deleteRegistry({ name: 'main' }, { caller });
    expect(site.kept.size).toBe(0);
    expect((await replica.scan(`${host}/own/app:1`)).error?.code).toBe('unauthorized');
  });

  it('refuses a host that is an address of a page, and certificates that are none', async () => {
    const registries = registriesOf(await site.replica({ workers: 0 }));
    for (const registry of [
      { name: 'a', host: 'https://x.example' },
      { name: 'a', host: 'x.example/y' },
      { name: 'a', host: 'x.example', caCertificates: '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----' },
      { name: 'a', host: 'x.example', caCertificates: 'none' },
    ])
      await expect(registries.putRegistry({ registry }, { caller })).rejects.toMatchObject({
        kind: 'invalid_argument',
      });
  });

  it('scans what its globs let in, once for each digest, and nothing again that is known', async () => {
    const [a, b] = [image('swept-a'), image('swept-b')];
    await pushImage(host, 'team/one', '1.9', a, auth);
    await pushImage(host, 'team/one', '1.10', b, auth);
    await pushImage(host, 'team/one', 'same', b, auth);
    await pushImage(host, 'team/two', '1', buildIndex([image('x'), image('y', 'arm64')]), auth);
    await pushImage(host, 'other/app', '1', image('z'), auth);
    const registries = registriesOf(await site.replica());
    await registries.putRegistry({ registry: { name: 'main', host, credentials: auth } }, { caller });
    const scope = { repositories: ['team/*'], platforms: ['*'] };
    const { id } = await registries.createSweep({ registry: 'main', scope }, { caller });
    const sweep = await swept(registries, id);
    expect(sweep.failures).toEqual([]);
    expect(sweep).toMatchObject({ state: SweepState.SUCCEEDED, repositoriesFound: 2n, imagesFound: 5n });
    expect(sweep).toMatchObject({ scansSucceeded: 4n, scansFailed: 0n, scansReused: 1n });
    expect(await site.count('scans', `origin = 'sweeps/${id}' and priority = ${ScanPriority.BACKGROUND}`)).toBe(4);
    const again = await registries.createSweep({ registry: 'main', scope }, { caller });
    expect(await swept(registries, again.id)).toMatchObject({ imagesFound: 5n, scansReused: 5n, scansSucceeded: 0n });
    const latest = { repositories: ['team/one'], tags: ['1.*'], latestTags: 1 };
    const last = await registries.createSweep({ registry: 'main', scope: latest }, { caller });
    expect(await swept(registries, last.id)).toMatchObject({ repositoriesFound: 1n, imagesFound: 1n });
  });

  it('says when a catalogue is not shown', async () => {
    const registries = registriesOf(await site.replica());
    await registries.putRegistry({ registry: { name: 'main', host } }, { caller });
    const { id } = await registries.createSweep({ registry: 'main' }, { caller });
    expect(await swept(registries, id)).toMatchObject({
      state: SweepState.FAILED,
      error: { code: 'catalog_refused' },
    });
  });

  it('scans what a notification tells of once, at the host of the registry alone', async () => {
    const pushed = image('pushed');
    await pushImage(host, 'team/pushed', '1', pushed, auth);
    const replica = await site.replica();
    const registries = registriesOf(replica);
    await registries.putRegistry({ registry: { name: 'main', host, credentials: auth } }, { caller });
    const target = {
      mediaType: pushed.manifest.mediaType,
      digest: pushed.manifest.digest,
      repository: 'team/pushed',
      tag: '1',
    };
    const event = {
      events: [
        { id: 'e1', action: 'push', target, request: { host } },
        { id: 'e2', action: 'push', target, request: { host: 'attacker.example' } },
        { id: 'e3', action: 'pull', target, request: { host } },
        { id: 'e4', action: 'push', target: { ...target, mediaType: 'application/octet-stream' }, request: { host } },
      ],
    };
    const first = await registries.receiveRegistryEvent({ registry: 'main', event }, { caller });
    expect(first.ignored).toBe(3);
    const scan = await replica.ended(first.scanIds[0]!);
    expect(scan).toMatchObject({
      target: `${host}/team/pushed:1`,
      origin: 'registries/main',
      state: ScanState.SUCCEEDED,
    });
    expect(scan.priority).toBe(ScanPriority.EVENT);
    const again = await registries.receiveRegistryEvent({ registry: 'main', event }, { caller });
    expect(again.scanIds).toEqual(first.scanIds);
    expect(await site.count('scans')).toBe(1);
  });

  it('lists the platforms of an index', async () => {
    const arm = image('arm', 'arm64');
    await pushImage(host, 'team/multi', '1', buildIndex([image('amd'), arm]), auth);
    const replica = await site.replica({ workers: 0 });
    const asked = { image: `${host}/team/multi:1`, credentials: auth };
    const { platforms } = await replica.scans.listImagePlatforms(asked, { caller });
    expect(platforms.map((each) => each.platform)).toEqual(['linux/amd64', 'linux/arm64']);
    expect(platforms[1]!.manifestDigest).toBe(arm.manifest.digest);
  });
});

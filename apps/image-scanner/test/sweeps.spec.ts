import { setTimeout as pause } from 'node:timers/promises';
import { RegistryService, type Sweep, SweepState } from '@gabion/contracts/gabion/scan/v1/registries_pb';
import { type Client, connect } from '@gabion/rpc/client';
import { buildImage, pushImage } from '@gabion/testkit/images';
import { postgresForTests } from '@gabion/testkit/postgres';
import { registryForTests } from '@gabion/testkit/registry';
import { credentials } from '@grpc/grpc-js';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { sql } from 'kysely';
import { ReplicaProcess } from './child.ts';
import { GatedRegistry } from './gated-registry.ts';
import { npmPackage } from './recipes.ts';
import { caller, Site } from './site.ts';

const postgres = await postgresForTests();
const started = await registryForTests();
const skipped = 'skipped' in started ? `(${started.skipped})` : '';
const host = 'skipped' in started ? '' : started.host;
afterAll(async () => {
  await postgres[Symbol.asyncDispose]();
  if (!('skipped' in started)) await started[Symbol.asyncDispose]();
});

/** More than are looked at in one step. */
const tags = Array.from({ length: 12 }, (_, n) => `v${String(n).padStart(2, '0')}`);
const lastManifest = `/manifests/${tags.at(-1)}`;

beforeAll(async () => {
  if (skipped) return;
  for (const tag of tags) await pushImage(host, 'team/app', tag, buildImage({ layers: [[npmPackage(tag, '1.0.0')]] }));
});

let site: Site;
let registry: GatedRegistry;
beforeEach(async () => {
  site = await Site.open();
  registry = await GatedRegistry.start(host);
});
afterEach(async () => {
  await site[Symbol.asyncDispose]();
  await registry[Symbol.asyncDispose]();
});

type Registries = Client<typeof RegistryService>;

function registriesAt(address: string): Registries & Disposable {
  const connection = connect({ address, as: 'gateway', credentials: credentials.createInsecure() });
  const client = connection.client(RegistryService);
  return Object.assign(client, { [Symbol.dispose]: () => connection[Symbol.dispose]() });
}

async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) await pause(20);
}

async function ended(registries: Registries, id: string): Promise<Sweep> {
  for (;;) {
    const sweep = await registries.getSweep({ id }, { caller });
    if (sweep.state !== SweepState.LISTING && sweep.state !== SweepState.SCANNING) return sweep;
    await pause(50);
  }
}

(skipped ? describe.skip : describe)(`a sweep ${skipped}`, () => {
  it('goes on where a killed replica left it, and asks for no scan twice', async () => {
    const open = registry.shut(lastManifest);
    const config = site.config({ leaseMs: 1000 });
    const first = await ReplicaProcess.start(config);
    using door = registriesAt(config.listen);
    await door.putRegistry({ registry: { name: 'main', host: registry.host } }, { caller });
    const { id } = await door.createSweep({ registry: 'main' }, { caller });
    await until(() => registry.waiting(lastManifest) > 0);
    await first.kill();
    const asked = await site.count('scans');
    expect(asked).toBeGreaterThan(0);
    expect(asked).toBeLessThan(tags.length);
    open();
    // What the killed replica holds is free when its time is over.
    await sql`update sweeps set lease_until = now()`.execute(site.db.kysely);
    const second = await site.replica({ leaseMs: 1000 });
    using registries = registriesAt(second.address);
    expect(await ended(registries, id)).toMatchObject({
      state: SweepState.SUCCEEDED,
      repositoriesFound: 1n,
      imagesFound: 12n,
      scansSucceeded: 12n,
      scansReused: 0n,
      scansFailed: 0n,
    });
    expect(await site.count('scans')).toBe(tags.length);
    const { rows } = await sql`select distinct target from scans`.execute(site.db.kysely);
    expect(rows).toHaveLength(tags.length);
  });

  it('stays with the replica that holds it', async () => {
    const open = registry.shut(lastManifest);
    const replicas = [await site.replica(), await site.replica()];
    using registries = registriesAt(replicas[0]!.address);
    await registries.putRegistry({ registry: { name: 'main', host: registry.host } }, { caller });
    await registries.createSweep({ registry: 'main' }, { caller });
    await until(() => registry.waiting(lastManifest) > 0);
    const held = async () =>
      (await sql<{ leased_by: string }>`select leased_by from sweeps`.execute(site.db.kysely)).rows;
    const [before] = await held();
    await sql`select pg_notify('sweep_changed', '')`.execute(site.db.kysely);
    expect(await held()).toEqual([before]);
    expect(registry.waiting(lastManifest)).toBe(1);
    open();
    await until(async () => (await site.count('scans')) === tags.length);
  });

  it('asks for nothing more when it is cancelled, and keeps what has been asked for', async () => {
    const open = registry.shut('/team/app/tags/list');
    const replica = await site.replica();
    using registries = registriesAt(replica.address);
    await registries.putRegistry({ registry: { name: 'main', host: registry.host } }, { caller });
    const { id } = await registries.createSweep({ registry: 'main' }, { caller });
    await until(() => registry.waiting('/team/app/tags/list') > 0);
    const cancelled = await registries.cancelSweep({ id }, { caller });
    expect(cancelled).toMatchObject({ state: SweepState.CANCELLED, endTime: expect.anything() });
    open();
    const next = await registries.createSweep({ registry: 'main', scope: { tags: ['v00'] } }, { caller });
    expect(await ended(registries, next.id)).toMatchObject({ state: SweepState.SUCCEEDED, imagesFound: 1n });
    expect(await registries.cancelSweep({ id }, { caller })).toEqual(cancelled);
    expect(await registries.getSweep({ id }, { caller })).toMatchObject({
      state: SweepState.CANCELLED,
      imagesFound: 0n,
    });
    expect(await site.count('scans')).toBe(1);
    expect(await site.count('sweep_work')).toBe(0);
  });
});

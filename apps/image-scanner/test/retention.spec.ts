import { ScanState } from '@gabion/contracts/gabion/scan/v1/scans_pb';
import { buildImage } from '@gabion/testkit/images';
import { postgresForTests } from '@gabion/testkit/postgres';
import { afterAll, afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Retention } from '../src/retention.ts';
import { FakeRegistry } from './fake-registry.ts';
import { npmAdvisory } from './feeds.ts';
import { npmPackage } from './recipes.ts';
import { caller, type Replica, Site } from './site.ts';

// One server for the whole suite; each test has a database of its own in it.
const postgres = await postgresForTests();
afterAll(async () => postgres[Symbol.asyncDispose]());

let site: Site;
let registry: FakeRegistry;
let scanner: Replica;
beforeEach(async () => {
  site = await Site.open();
  registry = await FakeRegistry.start();
  scanner = await site.replica();
});
afterEach(async () => {
  await site[Symbol.asyncDispose]();
  await registry[Symbol.asyncDispose]();
});

const dayMs = 24 * 3_600_000;
const base = [npmPackage('base', '1.0.0')];
const imageWith = (name: string) => buildImage({ layers: [base, [npmPackage(name, '1.0.0')]] });
const sweep = (days = 0) =>
  new Retention(site.db, 90 * dayMs, 30 * dayMs).sweep(new Date(Date.now() + days * dayMs + 2 * 3_600_000));
const remaining = () =>
  Promise.all(['scans', 'images', 'components', 'component_findings', 'layers'].map((table) => site.count(table)));

describe('a scan', () => {
  it('that has ended is deleted, and what only it needed is removed', async () => {
    await scanner.import('npm', npmAdvisory({ id: 'GHSA-1', alias: 'CVE-2024-1', name: 'base', fixed: '2.0.0' }));
    const kept = await scanner.scan(registry.add('kept', imageWith('a')));
    const gone = await scanner.scan(registry.add('gone', imageWith('b')));
    await scanner.scans.deleteScan({ id: gone.id }, { caller });
    await expect(scanner.scans.getScan({ id: gone.id }, { caller })).rejects.toMatchObject({ code: 'scan_not_found' });
    const again = scanner.scans.deleteScan({ id: gone.id }, { caller });
    await expect(again).rejects.toMatchObject({ kind: 'not_found', code: 'scan_not_found' });
    // The image could still be taken up by a scan that has just found it known.
    await new Retention(site.db, 90 * dayMs, 30 * dayMs).sweep(new Date());
    expect(await remaining()).toEqual([1, 2, 3, 1, 3]);
    await sweep();
    expect(await remaining()).toEqual([1, 1, 2, 1, 2]);
    expect(await scanner.findings(kept.id)).toHaveLength(1);
    expect((await scanner.scan(registry.add('gone', imageWith('b')))).state).toBe(ScanState.SUCCEEDED);
  });

  it('that has not ended is not deleted, by nobody', async () => {
    const door = await site.replica({ workers: 0 });
    await scanner[Symbol.asyncDispose]();
    const { id } = await door.create(registry.add('v1', imageWith('a')));
    const refused = door.scans.deleteScan({ id }, { caller });
    await expect(refused).rejects.toMatchObject({ kind: 'failed_precondition', code: 'scan_not_ended' });
    await sweep(365);
    expect(await site.count('scans')).toBe(1);
  });

  it('goes after its time, with layers that nobody used for theirs', async () => {
    const reference = registry.add('v1', imageWith('a'));
    await scanner.scan(reference);
    await sweep(20);
    expect(await remaining()).toEqual([1, 1, 2, 0, 2]);
    await sweep(40);
    expect(await remaining()).toEqual([1, 1, 2, 0, 0]);
    await sweep(100);
    expect(await remaining()).toEqual([0, 0, 0, 0, 0]);
    expect((await scanner.scan(reference)).state).toBe(ScanState.SUCCEEDED);
  });
});

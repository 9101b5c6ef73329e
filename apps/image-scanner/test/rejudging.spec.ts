import { setTimeout as pause } from 'node:timers/promises';
import { fromBinary } from '@bufbuild/protobuf';
import { type FindingsChanged, FindingsChangedSchema } from '@gabion/contracts/gabion/scan/v1/events_pb';
import { Severity } from '@gabion/contracts/gabion/scan/v1/scans_pb';
import { buildImage } from '@gabion/testkit/images';
import { postgresForTests } from '@gabion/testkit/postgres';
import { afterAll, afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type RawBuilder, sql } from 'kysely';
import { judgingGate } from '../src/judging-gate.ts';
import { ReplicaProcess } from './child.ts';
import { FakeRegistry } from './fake-registry.ts';
import { npmAdvisory, type TestFeed } from './feeds.ts';
import { npmPackage } from './recipes.ts';
import { caller, Replica, Site } from './site.ts';

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

const critical = 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H';
const medium = 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:L/I:N/A:N';

/** An advisory of an npm package; its id and its CVE follow the number. */
function advisory(n: number, name: string, fixed = '2.0.0', vector = medium): TestFeed {
  return npmAdvisory({ id: `GHSA-${n}`, alias: `CVE-2024-${10_000 + n}`, name, fixed, vector });
}

/** Waits until changed advisories have been judged and every image has been told of. */
async function settled(at = site): Promise<void> {
  const isSettled = sql<{ done: boolean }>`
    select not exists (select from rejudge_keys) and not exists (select from judging_rounds where not is_spread)
      and not exists (select from announcements) as done`;
  while (!(await isSettled.execute(at.db.kysely)).rows[0]!.done) await pause(20);
}

async function changes(): Promise<FindingsChanged[]> {
  const events = await site.events('image.findings-changed');
  return events.map(({ body }) => fromBinary(FindingsChangedSchema, body));
}

const names = (list: readonly { vulnerabilityId: string; packageName: string }[]) =>
  list.map((each) => `${each.vulnerabilityId} ${each.packageName}`);

const image = (...packages: string[]) => buildImage({ layers: [packages.map((name) => npmPackage(name, '1.0.0'))] });

describe('changed advisories', () => {
  it('are judged against stored images, which are told of once, with the differences alone', async () => {
    const scanner = await site.replica();
    await scanner.import('npm', { ...advisory(1, 'a'), ...advisory(2, 'b') });
    const [first, other] = [image('a', 'b'), image('c')];
    const scan = await scanner.scan(registry.add('v1', first));
    const untouched = await scanner.scan(registry.add('other', other));
    await scanner.import('npm', { ...advisory(1, 'a'), ...advisory(3, 'b', '3.0.0', critical) });
    await settled();
    const [event, ...more] = await changes();
    expect(more).toEqual([]);
    expect(event).toMatchObject({
      imageDigest: first.manifest.digest,
      targets: [scan.target],
      addedCount: 1,
      removedCount: 1,
      severityCounts: { critical: 1, medium: 1 },
    });
    expect(names(event!.added)).toEqual(['CVE-2024-10003 b']);
    expect(names(event!.removed)).toEqual(['CVE-2024-10002 b']);
    const findings = await scanner.findings(scan.id);
    expect(event!.added[0]).toMatchObject({
      findingId: findings[0]!.id,
      severity: Severity.CRITICAL,
      fixedVersion: '3.0.0',
      packageVersion: '1.0.0',
      advisorySource: 'npm',
    });
    const after = await scanner.scans.getScan({ id: scan.id }, { caller });
    expect(after.severityCounts).toMatchObject({ critical: 1, medium: 1 });
    expect(Number(after.judgeTime!.seconds)).toBeGreaterThanOrEqual(Number(scan.endTime!.seconds));
    expect(await scanner.findings(untouched.id)).toEqual([]);
    // The image was not read again.
    expect(registry.asked.get(first.layers[0]!.digest)).toBe(1);
    const history = await scanner.images.listFindingChanges({ digest: first.manifest.digest }, { caller });
    expect(history.changes.map((each) => [each.added, each.vulnerabilityId, each.packageName])).toEqual([
      [true, 'CVE-2024-10003', 'b'],
      [false, 'CVE-2024-10002', 'b'],
    ]);
  });

  it.each([
    ['severity', advisory(1, 'a', '2.0.0', critical), { severity: Severity.CRITICAL, fixedVersion: '2.0.0' }],
    ['fix', advisory(1, 'a', '2.5.0'), { severity: Severity.MEDIUM, fixedVersion: '2.5.0' }],
  ])('of another %s are told as a finding that went and one that came', async (_what, feed, expected) => {
    const scanner = await site.replica();
    await scanner.import('npm', advisory(1, 'a'));
    const { id } = await scanner.scan(registry.add('v1', image('a')));
    const [before] = await scanner.findings(id);
    await scanner.import('npm', feed);
    await settled();
    const [event] = await changes();
    expect(event).toMatchObject({ addedCount: 1, removedCount: 1, added: [{ findingId: before!.id, ...expected }] });
    expect(await scanner.findings(id)).toMatchObject([{ id: before!.id, ...expected }]);
  });

  it('that change nothing for an image write nothing of it and publish nothing', async () => {
    const scanner = await site.replica();
    await scanner.import('npm', advisory(1, 'a'));
    const reference = registry.add('v1', image('a'));
    await scanner.scan(reference);
    const rows = async () => {
      const tables = ['components', 'component_lookups', 'component_findings', 'images', 'finding_changes'];
      // A row that is written again has another transaction's mark.
      const marks = tables.map((name) =>
        sql<{ m: string }>`
        select ${name} || coalesce(string_agg(xmin::text || ctid::text, ',' order by ctid), '') as m
        from ${sql.table(name)}`.execute(site.db.kysely),
      );
      return (await Promise.all(marks)).map((each) => each.rows[0]!.m);
    };
    const before = await rows();
    // The same feed; one of other packages; a rescan.
    await scanner.import('npm', advisory(1, 'a'));
    await scanner.import('more', { ...advisory(7, 'elsewhere'), ...advisory(8, 'a', '1.0.0') });
    await settled();
    await scanner.scan(reference);
    expect(await rows()).toEqual(before);
    expect(await changes()).toEqual([]);
  });

  it('that come while a scan is in flight are not missed', async () => {
    const scanner = await site.replica();
    await scanner.import('npm', advisory(1, 'a'));
    const built = image('a', 'b');
    const release = registry.hold(built.layers[0]!.digest);
    const { id } = await scanner.create(registry.add('v1', built));
    while ((registry.asked.get(built.layers[0]!.digest) ?? 0) === 0) await pause(10);
    await scanner.import('npm', { ...advisory(1, 'a'), ...advisory(2, 'b') });
    release();
    const scan = await scanner.ended(id);
    expect(scan.severityCounts).toMatchObject({ medium: 2 });
    await settled();
    expect(await changes()).toEqual([]);
  });

  it('and scans that run all the time agree in the end, with each difference told once', async () => {
    const replicas = [await site.replica(), await site.replica()];
    const [scanner] = replicas as [Replica];
    await scanner.import('npm', advisory(1, 'p0', '2.0.0'));
    const scans: string[] = [];
    const importing = (async () => {
      for (let n = 2; n < 12; n++) {
        const fixed = `${n}.0.0`;
        await scanner.import('npm', Object.assign({}, ...[0, 1, 2].map((p) => advisory(p + 1, `p${p}`, fixed))));
      }
    })();
    for (let n = 0; n < 12; n++) {
      const replica = replicas[n % 2]!;
      const scan = await replica.scan(registry.add(`v${n}`, image('p0', 'p1', 'p2', `own${n % 3}`)));
      scans.push(scan.id);
      // A scan sees one state of the source.
      expect(new Set((await replica.findings(scan.id)).map((each) => each.fixedVersion)).size).toBe(1);
    }
    await importing;
    await settled();
    for (const id of scans) {
      const found = await scanner.findings(id);
      expect(found.map((each) => [each.vulnerabilityId, each.fixedVersion])).toEqual(
        [1, 2, 3].map((n) => [`CVE-2024-${10_000 + n}`, '11.0.0']),
      );
    }
    // What an image was told adds up to what is known against it: no difference is told twice or left out.
    const told = new Map<string, string>();
    for (const event of await changes()) {
      for (const each of event.removed) {
        const key = `${event.imageDigest} ${each.findingId}`;
        if (told.has(key)) expect(told.get(key)).toBe(each.fixedVersion);
        told.delete(key);
      }
      for (const each of event.added) {
        const key = `${event.imageDigest} ${each.findingId}`;
        expect(told.has(key)).toBe(false);
        told.set(key, each.fixedVersion);
      }
    }
    expect(new Set(told.values())).toEqual(new Set(['11.0.0']));
  });
});

describe('a replica that is killed', () => {
  it('while it judges or tells leaves the rest to another one, and no image is told twice', async () => {
    const door = await site.replica({ workers: 0 });
    await using scanning = await site.replica();
    await scanning.import('npm', advisory(1, 'a'));
    const count = 12;
    for (let n = 0; n < count; n++) await scanning.scan(registry.add(`v${n}`, image('a', `own${n}`)));
    await scanning[Symbol.asyncDispose]();
    await copyImages(600);
    await door.import('npm', advisory(1, 'a', '9.0.0', critical));
    const keys = await site.count('rejudge_keys');
    await killWhen(waitsForGate, gateHeld);
    expect(await site.count('rejudge_keys')).toBe(keys);
    expect(await site.count('judging_rounds')).toBe(0);
    await killWhen(sql`select from judging_rounds`);
    await killWhen(sql`select from events.log where topic = 'image.findings-changed'`);
    await using _later = await site.replica();
    await settled();
    const told = await changes();
    expect(told).toHaveLength(count + 600);
    expect(new Set(told.map((each) => each.imageDigest)).size).toBe(count + 600);
    for (const each of told) expect([each.addedCount, each.removedCount]).toEqual([1, 1]);
  }, 60_000);
});

const waitsForGate = sql`select from pg_locks where locktype = 'advisory' and not granted`;

/** As a scan does that is about to end: whoever has judged waits for it before the end of the transaction. */
async function gateHeld(): Promise<AsyncDisposable> {
  const [held, released] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const holding = site.db.transaction(async (tx) => {
    await judgingGate.passWithOthers(tx);
    held.resolve();
    await released.promise;
  });
  await held.promise;
  return {
    [Symbol.asyncDispose]: () => {
      released.resolve();
      return holding;
    },
  };
}

/** Starts a replica and kills it as soon as something is there. */
async function killWhen(what: RawBuilder<unknown>, within?: () => Promise<AsyncDisposable>): Promise<void> {
  await using _held = await within?.();
  await using victim = await ReplicaProcess.start(site.config());
  const isThere = sql<{ is: boolean }>`select exists (${what}) as is`;
  while (!(await isThere.execute(site.db.kysely)).rows[0]!.is) await pause(2);
  await victim.kill();
}

/** More images like those that were scanned, for there to be more than one batch of them. */
async function copyImages(count: number): Promise<void> {
  await sql`
    insert into images (manifest_digest, platform, analyser_version, operating_system, layers, diff_ids, warnings,
      package_count, components, contents, round)
    select 'sha256:' || encode(sha256(n::text::bytea), 'hex'), platform, analyser_version, operating_system, layers,
      diff_ids, warnings, package_count, components, contents, round
    from generate_series(1, ${count}) as n, (select * from images order by id limit 1) as image`.execute(
    site.db.kysely,
  );
  await sql`
    insert into scans (id, target, reference, platform, plain_http, state, image_id, end_time)
    select gen_random_uuid(), 'copy/' || id, 'copy/' || id, '', false, 'succeeded', id, now()
    from images where not exists (select from scans where image_id = images.id)`.execute(site.db.kysely);
}

import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { fromBinary } from '@bufbuild/protobuf';
import { timestampDate } from '@bufbuild/protobuf/wkt';
import { AdvisoryFormat } from '@gabion/contracts/gabion/scan/v1/advisories_pb';
import { AdvisoriesImportedSchema } from '@gabion/contracts/gabion/scan/v1/events_pb';
import { buildImage } from '@gabion/testkit/images';
import { postgresForTests } from '@gabion/testkit/postgres';
import { afterAll, afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { sql } from 'kysely';
import { ReplicaProcess } from './child.ts';
import { FakeRegistry } from './fake-registry.ts';
import { debianList, feedOf, npmAdvisory, type TestFeed } from './feeds.ts';
import { npmPackage } from './recipes.ts';
import { caller, importOf, Replica, Site } from './site.ts';

// One server for the whole suite; each test has a database of its own in it.
const postgres = await postgresForTests();
afterAll(async () => postgres[Symbol.asyncDispose]());

let site: Site;
let scanner: Replica;
beforeEach(async () => {
  site = await Site.open();
  scanner = await site.replica();
});
afterEach(() => site[Symbol.asyncDispose]());

/** Advisories of npm packages p0, p1…, each fixed in `fixed`. */
function feed(count: number, fixed: string): TestFeed {
  const all = Array.from({ length: count }, (_, n) =>
    npmAdvisory({ id: `GHSA-${n}`, alias: `CVE-2024-${10_000 + n}`, name: `p${n}`, fixed }),
  );
  return Object.assign({}, ...all);
}

describe('an import of advisories', () => {
  it('tells what it read, what it skipped, and what the source holds', async () => {
    // GitLab's advisories hold one of that year.
    const late = {
      id: 'GHSA-0',
      alias: 'CVE-2024-10000',
      name: 'p0',
      fixed: '2.0.0',
      modified: '9999-12-05T00:00:00Z',
    };
    const files = {
      ...feed(3, '2.0.0'),
      ...npmAdvisory(late),
      'README.md': '# Not an advisory',
      'broken.json': '{"id":',
    };
    const last = await scanner.import('npm', gzipSync(feedOf(files)));
    expect(last).toMatchObject({ filesRead: 5n, advisoriesRead: 3n, filesSkipped: 2n });
    expect(last.skipped).toHaveLength(2);
    expect(last.source).toMatchObject({
      source: 'npm',
      format: AdvisoryFormat.OSV,
      ecosystems: ['npm'],
      advisoryCount: 3n,
    });
    expect(timestampDate(last.source!.latestChangeTime!)).toEqual(new Date('2024-05-01T00:00:00Z'));
    await scanner.import('debian-dsa', debianList);
    const { sources } = await scanner.advisories.listAdvisorySources({}, { caller });
    expect(sources.map((each) => [each.source, each.format])).toEqual([
      ['debian-dsa', AdvisoryFormat.DEBIAN_LISTS],
      ['npm', AdvisoryFormat.OSV],
    ]);
    const events = await site.events('advisories.imported');
    expect(fromBinary(AdvisoriesImportedSchema, events[0]!.body)).toMatchObject({ source: 'npm', advisoryCount: 3n });
    expect(await readdir(join(site.directory, 'data', 'spool'))).toEqual([]);
  });

  it('replaces what the source held, and leaves it when the new feed is not good', async () => {
    await scanner.import('npm', feed(3, '2.0.0'));
    await scanner.import('npm', feed(2, '3.0.0'));
    const visible = 'generation in (select generation from advisory_sources)';
    expect(await site.count('advisory_entries', visible)).toBe(2);
    const refused = [
      [{ 'README.md': 'nothing' }, 'feed_empty'],
      [gzipSync(feedOf(feed(3, '2.0.0'))).subarray(0, 200), 'feed_archive_malformed'],
    ] as const;
    for (const [bad, code] of refused)
      await expect(scanner.import('npm', bad)).rejects.toMatchObject({ kind: 'invalid_argument', code });
    const { sources } = await scanner.advisories.listAdvisorySources({}, { caller });
    expect(sources[0]).toMatchObject({ advisoryCount: 2n });
    expect(await site.count('advisory_entries', visible)).toBe(2);
  });

  it('is refused without a header, and over the size limit', async () => {
    const chunks = (async function* () {
      yield { part: { case: 'chunk' as const, value: new Uint8Array(8) } };
    })();
    const headless = Array.fromAsync(scanner.advisories.importAdvisories(chunks, { caller }));
    await expect(headless).rejects.toMatchObject({ code: 'header_missing' });
    await using small = await site.replica({ maxFeedBytes: 1000 });
    await expect(small.import('npm', feed(3, '2.0.0'))).rejects.toMatchObject({
      kind: 'resource_exhausted',
      code: 'upload_too_large',
    });
  });

  it('is seen by scans whole or not at all', async () => {
    await using registry = await FakeRegistry.start();
    const names = Array.from({ length: 40 }, (_, n) => `p${n}`);
    const versions = ['2.0.0', '3.0.0'];
    await scanner.import('npm', feed(40, versions[0]!));
    const stop = new AbortController();
    const importing = (async () => {
      for (let n = 1; !stop.signal.aborted; n++) await scanner.import('npm', feed(40, versions[n % 2]!));
      return true;
    })();
    const seen = new Set<string>();
    for (let n = 0; n < 15; n++) {
      const layers = [[...names.map((name) => npmPackage(name, '1.0.0')), npmPackage(`own${n}`, '1.0.0')]];
      const scan = await scanner.scan(registry.add(`v${n}`, buildImage({ layers })));
      const findings = await scanner.findings(scan.id);
      expect(findings).toHaveLength(40);
      const fixes = new Set(findings.map((each) => each.fixedVersion));
      expect(fixes.size).toBe(1);
      for (const fix of fixes) seen.add(fix);
    }
    stop.abort();
    await importing;
    expect(seen.size).toBe(2);
  });

  it('leaves nothing to be seen when its process is killed, and its rows are removed', async () => {
    await scanner.import('npm', feed(2, '2.0.0'));
    const config = site.config({ workers: 0 });
    await using child = await ReplicaProcess.start(config);
    const victim = Replica.connect(config.listen);
    const importing = Array.fromAsync(
      victim.advisories.importAdvisories(importOf('npm', feed(4000, '9.0.0')), { caller }),
    );
    importing.catch(() => {});
    while ((await site.count('generations', "state = 'filling'")) === 0 || (await site.count('advisory_entries')) <= 2);
    await child.kill();
    await expect(importing).rejects.toMatchObject({ kind: 'unavailable' });
    const { sources } = await scanner.advisories.listAdvisorySources({}, { caller });
    expect(sources[0]).toMatchObject({ advisoryCount: 2n });
    expect(await site.count('generations', "state = 'filling'")).toBe(1);
    // The sign of life of the dead process runs out.
    await sql`update generations set lease_until = now() - interval '1 s' where state = 'filling'`.execute(
      site.db.kysely,
    );
    await using later = await site.replica();
    await later.import('other', feed(1, '2.0.0'));
    while ((await site.count('generations')) > 2);
    expect(await site.count('advisory_entries')).toBe(3);
  });
});

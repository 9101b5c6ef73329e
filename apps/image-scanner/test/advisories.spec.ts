import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
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
    expect(await site.count('advisory_entries')).toBe(2);
    const refused = [
      [{ 'README.md': 'nothing' }, 'feed_empty'],
      [gzipSync(feedOf(feed(3, '2.0.0'))).subarray(0, 200), 'feed_archive_malformed'],
    ] as const;
    for (const [bad, code] of refused)
      await expect(scanner.import('npm', bad)).rejects.toMatchObject({ kind: 'invalid_argument', code });
    const { sources } = await scanner.advisories.listAdvisorySources({}, { caller });
    expect(sources[0]).toMatchObject({ advisoryCount: 2n });
    expect(await site.count('advisory_entries')).toBe(2);
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
      // The image's own configuration is found fault with, too.
      const findings = (await scanner.findings(scan.id)).filter(({ vulnerabilityId }) => vulnerabilityId !== '');
      expect(findings).toHaveLength(40);
      const fixes = new Set(findings.map((each) => each.fixedVersion));
      expect(fixes.size).toBe(1);
      for (const fix of fixes) seen.add(fix);
    }
    stop.abort();
    await importing;
    expect(seen.size).toBe(2);
  });

  it('leaves nothing when its process is killed, and lets the next one in', async () => {
    await scanner.import('npm', feed(2, '2.0.0'));
    const config = site.config({ workers: 0 });
    await using child = await ReplicaProcess.start(config);
    const victim = Replica.connect(config.listen);
    const importing = Array.fromAsync(
      victim.advisories.importAdvisories(importOf('npm', feed(4000, '9.0.0')), { caller }),
    );
    importing.catch(() => {});
    while ((await site.count('pg_locks', "locktype = 'advisory' and objsubid = 1 and mode = 'ExclusiveLock'")) === 0);
    await child.kill();
    await expect(importing).rejects.toMatchObject({ kind: 'unavailable' });
    const { sources } = await scanner.advisories.listAdvisorySources({}, { caller });
    expect(sources[0]).toMatchObject({ advisoryCount: 2n });
    expect(await site.count('advisory_entries')).toBe(2);
    const later = await scanner.import('npm', feed(3, '2.0.0'));
    expect(later).toMatchObject({ entriesAdded: 1n, entriesRemoved: 0n });
  });

  it('writes only what differs, and nothing where nothing does', async () => {
    await scanner.import('npm', feed(50, '2.0.0'));
    const rows = async () => {
      const { rows } = await sql<{ xmin: string }>`select xmin::text, hash from advisory_entries order by hash`.execute(
        site.db.kysely,
      );
      return rows;
    };
    // Keys are taken away as soon as images are judged again; their numbers are not given twice.
    const keysEver = async () => {
      const { rows } = await sql<{ n: string }>`select last_value as n from rejudge_keys_seq_seq`.execute(
        site.db.kysely,
      );
      return rows[0]!.n;
    };
    const before = await rows();
    const keys = await keysEver();
    expect(await scanner.import('npm', feed(50, '2.0.0'))).toMatchObject({ entriesAdded: 0n, entriesRemoved: 0n });
    expect(await rows()).toEqual(before);
    expect(await keysEver()).toBe(keys);
    expect(await site.events('advisories.imported')).toHaveLength(1);
    const changed = { ...feed(50, '2.0.0'), ...feed(1, '2.0.1') };
    expect(await scanner.import('npm', changed)).toMatchObject({ entriesAdded: 1n, entriesRemoved: 1n });
    expect(await site.events('advisories.imported')).toHaveLength(2);
  });

  it('is answered beside other calls', async () => {
    const large = gzipSync(feedOf(feed(20_000, '2.0.0')));
    const importing = scanner.import('npm', large);
    let isOver = false;
    importing.finally(() => {
      isOver = true;
    });
    const waits: number[] = [];
    while (!isOver) {
      const began = performance.now();
      await scanner.advisories.listAdvisorySources({}, { caller });
      waits.push(performance.now() - began);
    }
    expect((await importing).source?.advisoryCount).toBe(20_000n);
    expect(waits.length).toBeGreaterThan(10);
    expect(Math.max(...waits)).toBeLessThan(1000);
  });

  it('orders imports of one source', async () => {
    const both = await Promise.all([
      scanner.import('npm', feed(200, '2.0.0')),
      scanner.import('npm', feed(300, '2.0.0')),
    ]);
    const { sources } = await scanner.advisories.listAdvisorySources({}, { caller });
    expect(both.map((each) => each.source?.advisoryCount)).toContain(sources[0]!.advisoryCount);
    expect(await site.count('advisory_entries')).toBe(Number(sources[0]!.advisoryCount));
  });

  it('keeps facts of vulnerabilities, each source its own', async () => {
    const epss = {
      'epss.csv':
        '#model_version:v2025.03.14,score_date:2026-11-01T00:00:00Z\ncve,epss,percentile\nCVE-2024-10000,0.5,0.9\n',
    };
    const kev = {
      'kev.json': JSON.stringify({
        title: 'CISA Catalog of Known Exploited Vulnerabilities',
        catalogVersion: '2026.11.01',
        dateReleased: '2026-11-01T00:00:00Z',
        count: 1,
        vulnerabilities: [
          {
            cveID: 'CVE-2024-10000',
            vendorProject: 'p',
            product: 'p0',
            vulnerabilityName: 'p0 can be misled',
            dateAdded: '2026-10-01',
            shortDescription: 'p0 can be misled.',
            requiredAction: 'Update.',
            dueDate: '2026-10-22',
            knownRansomwareCampaignUse: 'Known',
            notes: '',
            cwes: ['CWE-79'],
          },
        ],
      }),
    };
    await scanner.import('npm', feed(1, '2.0.0'));
    expect((await scanner.import('epss', epss)).source).toMatchObject({ factCount: 1n, format: AdvisoryFormat.EPSS });
    await scanner.import('kev', kev);
    const found = await scanner.advisories.getVulnerability({ id: 'ghsa-0' }, { caller });
    expect(found).toMatchObject({
      id: 'CVE-2024-10000',
      aliases: ['GHSA-0', 'ghsa-0'],
      summary: 'p0 can be misled',
      exploitation: { kevDate: '2026-10-01', kevDueDate: '2026-10-22', kevRansomware: true, epssDate: '2026-11-01' },
      cwes: ['CWE-79'],
      affected: [
        { ecosystem: 'npm', name: 'p0', source: 'npm', advisoryId: 'GHSA-0', range: '< 2.0.0', fixedVersion: '2.0.0' },
      ],
    });
    expect(found.exploitation!.epssScore).toBeCloseTo(0.5);
    await expect(scanner.advisories.getVulnerability({ id: 'CVE-1999-1' }, { caller })).rejects.toMatchObject({
      kind: 'not_found',
      code: 'vulnerability_not_found',
    });
  });
});

describe('a bundle', () => {
  const exportOf = async (from: Replica) =>
    Buffer.concat((await Array.fromAsync(from.advisories.exportAdvisories({}, { caller }))).map(({ data }) => data));

  it('carries all that the sources hold to another installation', async () => {
    await scanner.import('npm', feed(3000, '2.0.0'));
    await scanner.import('debian-dsa', debianList);
    const bundle = await exportOf(scanner);
    await using elsewhere = await Site.open();
    const other = await elsewhere.replica();
    const answers = await Array.fromAsync(other.advisories.importAdvisories(importOf('any', bundle), { caller }));
    expect(answers.flatMap(({ source }) => (source ? [source.source] : []))).toEqual(['debian-dsa', 'npm']);
    const told = async (replica: Replica) =>
      (await replica.advisories.listAdvisorySources({}, { caller })).sources.map(
        ({ source, format, ecosystems, advisoryCount, latestChangeTime }) => ({
          source,
          format,
          ecosystems,
          advisoryCount,
          latestChangeTime,
        }),
      );
    expect(await told(other)).toEqual(await told(scanner));
    expect(await elsewhere.count('advisory_entries')).toBe(await site.count('advisory_entries'));
    const again = await other.import('any', bundle);
    expect(again).toMatchObject({ entriesAdded: 0n, entriesRemoved: 0n });
  });

  it('is refused when it was cut short or changed, and nothing of it is taken', async () => {
    await scanner.import('npm', feed(300, '2.0.0'));
    const bundle = await exportOf(scanner);
    const plain = zstdDecompressSync(bundle);
    const at = plain.indexOf('GHSA-7');
    const forged = Buffer.concat([plain.subarray(0, at), Buffer.from('GHSA-X'), plain.subarray(at + 6)]);
    await using elsewhere = await Site.open();
    const other = await elsewhere.replica();
    const whole = zstdCompressSync(plain.subarray(0, plain.length - 4096));
    for (const bad of [whole, zstdCompressSync(forged)])
      await expect(other.import('any', bad)).rejects.toMatchObject({
        kind: 'invalid_argument',
        code: 'bundle_damaged',
      });
    await expect(other.import('any', bundle.subarray(0, bundle.length - 100))).rejects.toMatchObject({
      code: 'feed_archive_malformed',
    });
    expect(await elsewhere.count('advisory_sources')).toBe(0);
  });
});

import { setTimeout as pause } from 'node:timers/promises';
import { fromBinary, type MessageInitShape } from '@bufbuild/protobuf';
import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import { MalwareFoundSchema } from '@gabion/contracts/gabion/scan/v1/events_pb';
import type { ExceptionSchema } from '@gabion/contracts/gabion/scan/v1/exceptions_pb';
import {
  type Finding,
  type FindingFilterSchema,
  FindingKind,
  Severity,
} from '@gabion/contracts/gabion/scan/v1/scans_pb';
import { buildImage } from '@gabion/testkit/images';
import { postgresForTests } from '@gabion/testkit/postgres';
import { afterAll, afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { sql } from 'kysely';
import { FakeRegistry } from './fake-registry.ts';
import { npmAdvisory, type TestFeed } from './feeds.ts';
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

const vectors = {
  critical: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H',
  medium: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:L/I:N/A:N',
};

function advisory(n: number, name: string, vector = vectors.medium, fixed = '2.0.0'): TestFeed {
  return npmAdvisory({ id: `GHSA-${n}`, alias: `CVE-2024-${10_000 + n}`, name, fixed, vector });
}

const image = (...packages: string[]) => buildImage({ layers: [packages.map((name) => npmPackage(name, '1.0.0'))] });

interface Asked {
  readonly filter?: Omit<MessageInitShape<typeof FindingFilterSchema>, '$typeName' | '$unknown'>;
  readonly minimumSeverity?: Severity;
}

/** Vulnerabilities, unless the filter names other kinds. */
async function list(scanId: string, { filter, ...more }: Asked = {}): Promise<Finding[]> {
  const wanted = { kinds: [FindingKind.VULNERABILITY], ...filter };
  return (await scanner.scans.listFindings({ scanId, filter: wanted, ...more }, { caller })).findings;
}

const ids = (found: readonly Finding[]) => found.map((each) => each.vulnerabilityId);

async function settled(): Promise<void> {
  while ((await site.count('rejudge_keys')) + (await site.count('judging_rounds', 'not is_spread')) > 0)
    await pause(20);
}

/** Days from now. */
const inDays = (days: number) => timestampFromDate(new Date(Date.now() + days * 24 * 3_600_000));

function except(scope: MessageInitShape<typeof ExceptionSchema>, days = 30) {
  const exception = { owner: 'team-a', reason: 'not reachable', expireTime: inDays(days), ...scope };
  return scanner.exceptions.createException({ exception }, { caller });
}

describe('findings', () => {
  it('come worst first: severity, known exploitation, likelihood, score', async () => {
    const severe = ['a', 'b', 'c'].map((name, n) => advisory(n, name, vectors.critical));
    await scanner.import('npm', Object.assign({}, ...severe, advisory(3, 'd')));
    const { id } = await scanner.scan(registry.add('v1', image('a', 'b', 'c', 'd')));
    await sql`
      insert into vulnerability_facts (id, epss_score, epss_percentile, epss_date, kev_date, kev_ransomware) values
        ('CVE-2024-10001', 0.5, 0.9, '2026-11-20', null, null), ('CVE-2024-10002', 0.1, 0.2, '2026-11-20', '2026-01-02', true),
        ('CVE-2024-10003', 0.9, 0.99, '2026-11-20', '2026-01-02', false)`.execute(site.db.kysely);
    const found = await list(id);
    expect(ids(found)).toEqual(['CVE-2024-10002', 'CVE-2024-10001', 'CVE-2024-10000', 'CVE-2024-10003']);
    expect(found[0]!.exploitation).toMatchObject({
      kevDate: '2026-01-02',
      kevRansomware: true,
      epssDate: '2026-11-20',
    });
    const other = await site.replica();
    expect((await other.scans.getScan({ id }, { caller })).findingCounts).toMatchObject({ exploited: 2, fixable: 4 });
  });

  it('take the severity that others score where the advisories say none', async () => {
    await scanner.import('npm', npmAdvisory({ id: 'GHSA-1', alias: 'CVE-2024-1', name: 'a', fixed: '2.0.0' }));
    const { id } = await scanner.scan(registry.add('v1', image('a')));
    expect(await list(id)).toMatchObject([{ severity: Severity.UNKNOWN }]);
    const scores = JSON.stringify([{ vector: vectors.critical, score: 9.8 }]);
    await sql`insert into vulnerability_facts (id, cvss) values ('CVE-2024-1', ${scores}::jsonb)`.execute(
      site.db.kysely,
    );
    expect(await list(id)).toMatchObject([
      { severity: Severity.CRITICAL, cvssScore: 9.8, cvssVector: vectors.critical },
    ]);
  });

  it('are paged without repeats or gaps among those that stay, while advisories change', async () => {
    const names = Array.from({ length: 12 }, (_, n) => `p${n}`);
    const feed = (except: number) => Object.assign({}, ...names.map((name, n) => n !== except && advisory(n, name)));
    await scanner.import('npm', feed(-1));
    const { id } = await scanner.scan(registry.add('v1', image(...names)));
    const filter = { kinds: [FindingKind.VULNERABILITY] };
    const seen: string[] = [];
    let pageToken = '';
    do {
      const page = await scanner.scans.listFindings({ scanId: id, pageSize: 5, pageToken, filter }, { caller });
      seen.push(...ids(page.findings));
      // The first finding of all goes: by position the second page would begin one too late.
      if (pageToken === '') {
        await scanner.import('npm', feed(0));
        await settled();
      }
      ({ nextPageToken: pageToken } = page);
    } while (pageToken);
    expect(seen).toHaveLength(12);
    expect(new Set(seen).size).toBe(12);
    const wrong = scanner.scans.listFindings({ scanId: id, pageToken: 'bm90IGE' }, { caller });
    await expect(wrong).rejects.toMatchObject({ code: 'page_token_invalid' });
  });

  it('are answered as the filter says', async () => {
    const unfixable = { ...advisory(2, 'b') };
    const record = JSON.parse(unfixable['GHSA-2.json']!);
    record.affected[0].ranges[0].events = [{ introduced: '0' }];
    const feed = { ...advisory(1, 'a', vectors.critical), 'GHSA-2.json': JSON.stringify(record) };
    await scanner.import('npm', feed);
    const { id } = await scanner.scan(registry.add('v1', image('a', 'b')));
    const [a, b] = ['CVE-2024-10001', 'CVE-2024-10002'];
    expect(ids(await list(id))).toEqual([a, b]);
    expect(ids(await list(id, { filter: { fixableOnly: true } }))).toEqual([a]);
    expect(ids(await list(id, { filter: { package: 'b' } }))).toEqual([b]);
    expect(ids(await list(id, { filter: { vulnerabilityId: 'GHSA-2' } }))).toEqual([b]);
    expect(ids(await list(id, { minimumSeverity: Severity.HIGH }))).toEqual([a]);
    expect(ids(await list(id, { filter: { kinds: [FindingKind.SECRET] } }))).toEqual([]);
    await sql`update component_findings set known_since = now() - interval '10 d' where vulnerability_id = ${a}`.execute(
      site.db.kysely,
    );
    await sql`update component_findings set known_since = now() where vulnerability_id = ${b}`.execute(site.db.kysely);
    expect(ids(await list(id, { filter: { gracePeriod: { seconds: 86_400n } } }))).toEqual([a]);
  });

  it('of packages that are themselves an attack are malware too, and told as such', async () => {
    const [record] = Object.values(npmAdvisory({ id: 'MAL-2024-1', alias: 'MAL-2024-1', name: 'a', fixed: '9.0.0' }));
    await scanner.import('npm', { 'MAL-2024-1.json': record!.replace('"aliases":["MAL-2024-1"]', '"aliases":[]') });
    const scan = await scanner.scan(registry.add('v1', image('a')));
    expect(scan.findingCounts).toMatchObject({ vulnerabilities: 1, malware: 1 });
    expect(await list(scan.id, { filter: { kinds: [FindingKind.MALWARE] } })).toMatchObject([{ malicious: true }]);
    const [event] = (await site.events('image.malware-found')).map(({ body }) => fromBinary(MalwareFoundSchema, body));
    expect(event).toMatchObject({ scanId: scan.id, findingCount: 1, findings: [{ vulnerabilityId: 'MAL-2024-1' }] });
  });

  it('are those of the kinds that the scan was asked for', async () => {
    await scanner.import('npm', advisory(1, 'a'));
    const scan = await scanner.scan(registry.add('v1', image('a')), { kinds: [FindingKind.SECRET] });
    expect(scan.kinds).toEqual([FindingKind.SECRET]);
    expect(scan.findingCounts).toMatchObject({ vulnerabilities: 0 });
    expect(await list(scan.id)).toEqual([]);
  });
});

describe('an exception', () => {
  it('hides what it names from lists and counts, shows itself where asked, and ends without a word', async () => {
    await scanner.import('npm', { ...advisory(1, 'a'), ...advisory(2, 'b') });
    const scan = await scanner.scan(registry.add('v1', image('a', 'b')));
    const made = await except({ vulnerabilityId: 'GHSA-1', purl: 'pkg:npm/a' });
    expect(made).toMatchObject({ creator: caller.id, expired: false });
    const counted = async () => (await scanner.scans.getScan({ id: scan.id }, { caller })).findingCounts;
    expect(await counted()).toMatchObject({ vulnerabilities: 1, suppressed: 1 });
    expect(ids(await list(scan.id))).toEqual(['CVE-2024-10002']);
    const [hidden] = (await list(scan.id, { filter: { includeSuppressed: true } })).filter((each) => each.suppression);
    expect(hidden!.suppression).toMatchObject({
      kind: 'exception',
      id: made.id,
      owner: 'team-a',
      reason: 'not reachable',
    });
    // As if a month had passed.
    await sql`update exceptions set expire_time = now() + interval '300 ms',
      revision = nextval('suppression_revisions')`.execute(site.db.kysely);
    expect(await counted()).toMatchObject({ suppressed: 1 });
    await pause(350);
    expect(await counted()).toMatchObject({ vulnerabilities: 2, suppressed: 0 });
    const all = await scanner.exceptions.listExceptions({ includeExpired: true }, { caller });
    expect(all.exceptions).toMatchObject([{ id: made.id, expired: true }]);
    expect((await scanner.exceptions.listExceptions({}, { caller })).exceptions).toEqual([]);
    await scanner.exceptions.deleteException({ id: made.id }, { caller });
    const gone = scanner.exceptions.deleteException({ id: made.id }, { caller });
    await expect(gone).rejects.toMatchObject({ kind: 'not_found', code: 'exception_not_found' });
  });

  it('for some names of an image holds for these alone', async () => {
    await scanner.import('npm', advisory(1, 'a'));
    const [one, other] = [registry.add('v1', image('a')), registry.add('v2', image('a'))];
    const [first, second] = [await scanner.scan(one), await scanner.scan(other)];
    await except({ vulnerabilityId: 'CVE-2024-10001', image: one });
    expect([(await list(first.id)).length, (await list(second.id)).length]).toEqual([0, 1]);
    const { digest } = image('a').manifest;
    // Nothing is hidden of an image that one of its names shows.
    expect((await scanner.images.getImage({ digest }, { caller })).findingCounts).toMatchObject({ vulnerabilities: 1 });
  });

  it('is refused without an end or a scope', async () => {
    await expect(except({})).rejects.toMatchObject({ kind: 'invalid_argument', code: 'scope_missing' });
    await expect(except({ vulnerabilityId: 'CVE-1' }, 500)).rejects.toMatchObject({ code: 'expire_time_invalid' });
    await expect(except({ vulnerabilityId: 'CVE-1' }, -1)).rejects.toMatchObject({ code: 'expire_time_invalid' });
  });
});

describe('a VEX document', () => {
  const openVex = (timestamp: string, status = 'not_affected') =>
    JSON.stringify({
      '@context': 'https://openvex.dev/ns/v0.2.0',
      '@id': 'https://example.org/vex/1',
      author: 'Example',
      timestamp,
      version: 1,
      statements: [
        {
          vulnerability: { name: 'CVE-2024-10001' },
          products: [{ '@id': 'pkg:npm/a@1.0.0' }],
          status,
          ...(status === 'not_affected' && { justification: 'vulnerable_code_not_present' }),
        },
      ],
    });

  it('hides what its supplier says does not matter, until a newer one says otherwise', async () => {
    await scanner.import('npm', { ...advisory(1, 'a'), ...advisory(2, 'a') });
    const { id } = await scanner.scan(registry.add('v1', image('a')));
    const take = (document: string) => scanner.exceptions.importVex({ document }, { caller });
    const kept = await take(openVex('2024-01-01T00:00:00Z'));
    expect(kept).toMatchObject({ format: 'openvex', statementCount: 1, documentId: 'https://example.org/vex/1' });
    expect(ids(await list(id))).toEqual(['CVE-2024-10002']);
    const all = await list(id, { filter: { includeSuppressed: true } });
    expect(all.find((each) => each.suppression)?.suppression).toMatchObject({
      kind: 'vex',
      id: kept.id,
      status: 'not_affected',
      justification: 'vulnerable_code_not_present',
    });
    await take(openVex('2024-02-01T00:00:00Z', 'under_investigation'));
    expect(await list(id)).toHaveLength(2);
    await expect(take(openVex('2024-01-01T00:00:00Z'))).rejects.toMatchObject({ code: 'vex_not_newer' });
    await expect(take('{}')).rejects.toMatchObject({ kind: 'invalid_argument', code: 'vex_format_unknown' });
    const { documents } = await scanner.exceptions.listVexDocuments({}, { caller });
    expect(documents).toHaveLength(1);
    await scanner.exceptions.deleteVexDocument({ id: kept.id }, { caller });
    expect((await scanner.exceptions.listVexDocuments({}, { caller })).documents).toEqual([]);
  });
});

describe('images', () => {
  it('are listed by what they hold, with their names, the one scanned last first', async () => {
    await scanner.import('npm', advisory(1, 'a'));
    const [first, second] = [image('a', 'b'), image('b')];
    await scanner.scan(registry.add('v1', first));
    await scanner.scan(registry.add('v2', second));
    const again = await scanner.scan(registry.add('latest', first));
    const all = await scanner.images.listImages({}, { caller });
    expect(all.images.map((each) => each.digest)).toEqual([first.manifest.digest, second.manifest.digest]);
    expect(all.images[0]).toMatchObject({
      targets: [`${registry.host}/image:latest`, `${registry.host}/image:v1`],
      scanId: again.id,
      packageCount: 2,
      severityCounts: { medium: 1 },
    });
    const page = await scanner.images.listImages({ pageSize: 1 }, { caller });
    const rest = await scanner.images.listImages({ pageSize: 1, pageToken: page.nextPageToken }, { caller });
    expect([...page.images, ...rest.images]).toEqual(all.images);
    const found = async (filter: object) =>
      (await scanner.images.listImages(filter, { caller })).images.map((each) => each.digest);
    expect(await found({ vulnerabilityId: 'GHSA-1' })).toEqual([first.manifest.digest]);
    expect(await found({ package: 'b' })).toHaveLength(2);
    expect(await found({ package: 'b', packageVersion: '1.0.1' })).toEqual([]);
    expect(await found({ targetPrefix: `${registry.host}/image:v2` })).toEqual([second.manifest.digest]);
    const none = scanner.images.getImage({ digest: `sha256:${'0'.repeat(64)}` }, { caller });
    await expect(none).rejects.toMatchObject({ kind: 'not_found', code: 'image_not_found' });
  });
});

import type { MessageInitShape } from '@bufbuild/protobuf';
import { durationFromMs } from '@bufbuild/protobuf/wkt';
import { FindingKind, type GetReportRequestSchema, ReportFormat } from '@gabion/contracts/gabion/scan/v1/scans_pb';
import { buildImage } from '@gabion/testkit/images';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { sql } from 'kysely';
import { FakeRegistry } from './fake-registry.ts';
import { debianList, lodashAdvisory } from './feeds.ts';
import { debianLayer, npmPackage } from './recipes.ts';
import { caller, type Replica, Site } from './site.ts';

let site: Site;
let registry: FakeRegistry;
let scanner: Replica;
let scanId: string;

const ssl = (version: string) => debianLayer([{ name: 'libssl1.1', version, source: 'openssl' }]);
const oldBase = ssl('1.1.1k-1');

beforeAll(async () => {
  site = await Site.open();
  registry = await FakeRegistry.start();
  scanner = await site.replica();
  await scanner.import('debian-dsa', debianList);
  await scanner.import('osv-npm', lodashAdvisory);
  const scanned = (repository: string, tag: string, layers: Parameters<typeof buildImage>[0]['layers']) => {
    registry.add(tag, buildImage({ layers }));
    return scanner.scan(`${registry.host}/${repository}:${tag}`);
  };
  await scanned('debian', 'old', [oldBase]);
  await scanned('debian', 'new', [ssl('1.1.1k-1+deb11u1')]);
  await scanned('other', 'else', [ssl('1.1.1k-1+deb11u2')]);
  scanId = (await scanned('shop', 'app', [oldBase, [npmPackage('lodash', '4.17.4')]])).id;
});
afterAll(async () => {
  await site?.[Symbol.asyncDispose]();
  await registry?.[Symbol.asyncDispose]();
});

type Asked = Omit<MessageInitShape<typeof GetReportRequestSchema>, '$typeName' | '$unknown'>;

async function report(asked: Asked): Promise<{ contentType: string; text: string; pieces: number }> {
  const filter = { kinds: [FindingKind.VULNERABILITY], ...asked.filter };
  const chunks = await Array.fromAsync(scanner.scans.getReport({ scanId, ...asked, filter }, { caller }));
  const text = Buffer.concat(chunks.map(({ data }) => data)).toString();
  return { contentType: chunks[0]!.contentType, text, pieces: chunks.length };
}

const json = async (asked: Asked) => JSON.parse((await report(asked)).text);

describe('a report', () => {
  it('in JSON has the findings with their packages, and what to do', async () => {
    const { contentType } = await report({});
    expect(contentType).toBe('application/json');
    const { findings, packages, counts, fixPlan, target } = await json({});
    expect(target).toBe(`${registry.host}/shop:app`);
    expect(counts.kinds.vulnerability).toBe(3);
    const lodash = findings.find((each: { vulnerabilityId: string }) => each.vulnerabilityId === 'CVE-2019-10744');
    expect(lodash).toMatchObject({ severity: 'critical', fixedVersion: '4.17.12', status: 'fixed' });
    expect(packages[lodash.package]).toMatchObject({ name: 'lodash', version: '4.17.4' });
    expect(fixPlan.upgrades).toHaveLength(2);
  });

  it('is written in every format of the contract', async () => {
    expect((await json({ format: ReportFormat.SARIF })).runs[0].results).toHaveLength(3);
    const cyclonedx = await json({ format: ReportFormat.CYCLONEDX, formatVersion: '1.5' });
    expect(cyclonedx).toMatchObject({ bomFormat: 'CycloneDX', specVersion: '1.5' });
    expect(cyclonedx.vulnerabilities).toHaveLength(3);
    expect(await json({ format: ReportFormat.SPDX })).toMatchObject({ spdxVersion: 'SPDX-2.3' });
    expect((await json({ format: ReportFormat.OPENVEX })).statements).not.toHaveLength(0);
    expect((await json({ format: ReportFormat.CSAF })).document.category).toBe('csaf_vex');
    expect((await report({ format: ReportFormat.TABLE })).text).toMatch(/CVE-2019-10744 +.*lodash/);
    expect((await report({ format: ReportFormat.MARKDOWN })).text).toContain('CVE-2019-10744');
    expect((await report({ format: ReportFormat.HTML })).text).toMatch(/^<!doctype html>/i);
  });

  it('leaves out what its filter does', async () => {
    const only = await json({ filter: { package: 'lodash' } });
    expect(only.findings.map((each: { vulnerabilityId: string }) => each.vulnerabilityId)).toEqual(['CVE-2019-10744']);
    const young = await json({ filter: { gracePeriod: durationFromMs(200 * 365 * 86_400_000) } });
    expect(young.findings).toEqual([]);
  });

  it('comes in pieces of at most 256 KiB', async () => {
    const names = Array.from({ length: 3000 }, (_, nth) => npmPackage(`package-with-a-long-name-${nth}`, '1.0.0'));
    registry.add('many', buildImage({ layers: [names] }));
    const { id } = await scanner.scan(`${registry.host}/many:many`);
    const request = { scanId: id, format: ReportFormat.CYCLONEDX };
    const chunks = await Array.fromAsync(scanner.scans.getReport(request, { caller }));
    expect(chunks.length).toBeGreaterThan(2);
    expect(chunks.map(({ contentType }) => contentType !== '')).toEqual([true, ...chunks.slice(1).map(() => false)]);
    expect(Math.max(...chunks.map(({ data }) => data.length))).toBeLessThanOrEqual(256 * 1024);
    expect(JSON.parse(Buffer.concat(chunks.map(({ data }) => data)).toString()).components).toHaveLength(3000);
  });

  it('tells of an exception when asked, and does not count what it hides', async () => {
    const exception = { vulnerabilityId: 'CVE-2019-10744', owner: 'us', reason: 'not reachable' };
    const expireTime = { seconds: BigInt(Math.floor(Date.now() / 1000) + 3600), nanos: 0 };
    const { id } = await scanner.exceptions.createException({ exception: { ...exception, expireTime } }, { caller });
    expect((await json({})).counts).toMatchObject({ kinds: { vulnerability: 2 }, suppressed: 1 });
    const { findings } = await json({ filter: { includeSuppressed: true } });
    expect(findings).toContainEqual(
      expect.objectContaining({ suppressedBy: expect.objectContaining({ owner: 'us', reason: 'not reachable' }) }),
    );
    await scanner.exceptions.deleteException({ id }, { caller });
  });

  it.each([
    [{ scanId: crypto.randomUUID() }, { kind: 'not_found', code: 'scan_not_found' }],
    [
      { format: ReportFormat.CYCLONEDX, formatVersion: '0.9' },
      { kind: 'invalid_argument', code: 'format_version_unsupported' },
    ],
  ])('is refused for %j', async (asked, fault) => {
    await expect(report(asked)).rejects.toMatchObject(fault);
  });

  it('is refused for a scan that found no image', async () => {
    const { id } = await scanner.scan(`${registry.host}/shop:nowhere`);
    await expect(report({ scanId: id })).rejects.toMatchObject({ code: 'scan_not_succeeded' });
  });
});

describe('a fix plan', () => {
  it('upgrades what can be, recognises the base image and tells what another one would change', async () => {
    const plan = await scanner.scans.getFixPlan({ scanId }, { caller });
    expect(plan.upgrades).toMatchObject([
      { name: 'lodash', fixedVersion: '4.17.12', inBaseImage: false, removes: { critical: 1 } },
      { name: 'openssl', fixedVersion: '1.1.1k-1+deb11u1', inBaseImage: true, packages: ['libssl1.1'] },
    ]);
    expect(plan.commands.map(({ command }) => command)).toContain(
      'apt-get update && apt-get install -y --only-upgrade libssl1.1',
    );
    expect(plan.remaining).toMatchObject({ critical: 0, unknown: 0 });
    expect(plan.baseImage).toMatchObject({
      base: `${registry.host}/debian:old`,
      layerCount: 1,
      brings: { unknown: 2 },
      options: [{ image: `${registry.host}/debian:new`, removes: { unknown: 2 }, adds: { unknown: 0 } }],
    });
  });

  it('is about what its filter leaves', async () => {
    const plan = await scanner.scans.getFixPlan({ scanId, filter: { package: 'libssl1.1' } }, { caller });
    expect(plan.upgrades.map(({ name }) => name)).toEqual(['openssl']);
  });
});

describe('the end of support', () => {
  it('is told with a scan, and warned of when it is over', async () => {
    await sql`
      insert into lifecycles (ecosystem, end_of_life, source) values ('Debian:11', '2024-08-14', 'test')
      `.execute(site.db.kysely);
    await sql`select nextval('advisory_revisions')`.execute(site.db.kysely);
    await sql`update advisory_sources set revision = nextval('advisory_revisions')`.execute(site.db.kysely);
    const scan = await scanner.scans.getScan({ id: scanId }, { caller });
    expect(Number(scan.endOfLifeTime?.seconds)).toBe(Date.parse('2024-08-14T00:00:00Z') / 1000);
    expect(scan.warnings.map(({ code }) => code)).toContain('operating_system_end_of_life');
    expect((await json({})).operatingSystem).toMatchObject({ endOfLife: '2024-08-14', isEndOfLife: true });
  });
});

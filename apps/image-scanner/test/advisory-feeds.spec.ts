import { createHash } from 'node:crypto';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import type { MessageInitShape } from '@bufbuild/protobuf';
import { type FeedSchema, FeedState } from '@gabion/contracts/gabion/scan/v1/advisories_pb';
import { postgresForTests } from '@gabion/testkit/postgres';
import { registryForTests } from '@gabion/testkit/registry';
import { afterAll, afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { sql } from 'kysely';
import { ReplicaProcess } from './child.ts';
import { FeedServer } from './feed-server.ts';
import { feedOf, npmAdvisory, type TestFeed } from './feeds.ts';
import { caller, Replica, Site } from './site.ts';

// One server for the whole suite; each test has a database of its own in it.
const postgres = await postgresForTests();
const registry = await registryForTests();
afterAll(async () => {
  await postgres[Symbol.asyncDispose]();
  if (!('skipped' in registry)) await registry[Symbol.asyncDispose]();
});

let site: Site;
let scanner: Replica;
let server: FeedServer;
const impatient = { headersMs: 1000, stallMs: 300, windowMs: 60_000, windowBytes: 1 };
beforeEach(async () => {
  server = await FeedServer.start();
  site = await Site.open();
  scanner = await site.replica({ workers: 0, feedTimeouts: impatient });
});
afterEach(async () => {
  await site[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

/** Advisories of npm packages p0, p1…, each fixed in `fixed`. */
function advisories(count: number, fixed = '2.0.0'): TestFeed {
  const all = Array.from({ length: count }, (_, n) =>
    npmAdvisory({ id: `GHSA-${n}`, alias: `CVE-2024-${10_000 + n}`, name: `p${n}`, fixed }),
  );
  return Object.assign({}, ...all);
}

const tarOf = (count: number, fixed?: string) => feedOf(advisories(count, fixed));

async function put(feed: MessageInitShape<typeof FeedSchema>): Promise<void> {
  await scanner.advisories.putFeed({ feed }, { caller });
}

/** Updates a feed and answers the last step. */
async function updated(name = 'npm', force = false) {
  const steps = await Array.fromAsync(scanner.advisories.updateAdvisories({ feeds: [name], force }, { caller }));
  return steps.at(-1)!;
}

async function feed(name = 'npm') {
  const { feeds } = await scanner.advisories.listFeeds({}, { caller });
  return feeds.find((each) => each.name === name);
}

const requests = (path: string) => server.seen.filter((each) => each.path === path);

describe('a feed of one file', () => {
  beforeEach(async () => {
    server.files.set('/all.tar.gz', gzipSync(tarOf(40)));
    await put({ name: 'npm', urls: [`${server.url}/all.tar.gz`] });
  });

  it('is fetched, and asked for by its entity tag from then on', async () => {
    expect(await feed()).toMatchObject({ state: FeedState.NEVER_FETCHED });
    expect(await updated()).toMatchObject({ step: 'imported', source: { source: 'npm', advisoryCount: 40n } });
    expect(await updated()).toMatchObject({ step: 'unchanged' });
    expect(server.seen.map(({ status }) => status)).toEqual([200, 304]);
    expect(await feed()).toMatchObject({ state: FeedState.CURRENT, ecosystems: ['npm'] });
    expect(await updated('npm', true)).toMatchObject({ step: 'imported' });
    expect(await readdir(join(site.directory, 'data', 'feeds'))).toEqual([]);
  });

  it('goes on where its connection was lost', async () => {
    server.next('/all.tar.gz', { kind: 'cut', after: 500 });
    expect(await updated()).toMatchObject({ step: 'imported' });
    expect(requests('/all.tar.gz')).toMatchObject([{ status: 200 }, { status: 206, range: 'bytes=500-' }]);
  });

  it('goes on in a later attempt, too', async () => {
    server.next(
      '/all.tar.gz',
      { kind: 'cut', after: 500 },
      ...Array.from({ length: 9 }, () => ({ kind: 'cut', after: 0 }) as const),
    );
    expect(await updated()).toMatchObject({ step: 'failed', error: { code: 'feed_truncated' } });
    server.seen.length = 0;
    while ((await updated()).step === 'failed');
    expect(server.seen[0]).toMatchObject({ range: 'bytes=500-' });
  });

  it('starts anew when the file has changed meanwhile', async () => {
    server.next('/all.tar.gz', { kind: 'cut', after: 500 }, { kind: 'status', status: 416 });
    expect(await updated()).toMatchObject({ step: 'imported', source: { advisoryCount: 40n } });
  });

  it('is given up when it stalls, and asked for at its other addresses', async () => {
    server.files.set('/mirror.tar.gz', gzipSync(tarOf(41)));
    await put({ name: 'npm', urls: [`${server.url}/all.tar.gz`, `${server.url}/mirror.tar.gz`] });
    server.next('/all.tar.gz', ...Array.from({ length: 8 }, () => ({ kind: 'stall', after: 0 }) as const));
    expect(await updated()).toMatchObject({ step: 'imported', source: { advisoryCount: 41n } });
  });

  it('is asked again by a server that is busy, and later by one that asks for it', async () => {
    server.next('/all.tar.gz', { kind: 'status', status: 503, headers: { 'retry-after': '0' } });
    expect(await updated()).toMatchObject({ step: 'imported' });
    server.next('/all.tar.gz', { kind: 'status', status: 429, headers: { 'retry-after': '7200' } });
    expect(await updated()).toMatchObject({ step: 'failed', error: { code: 'rate_limited' } });
    const { rows } = await sql<{ wait: string }>`
      select extract(epoch from next_attempt_time - now()) as wait from feeds where name = 'npm'`.execute(
      site.db.kysely,
    );
    expect(Number(rows[0]!.wait)).toBeGreaterThan(7100);
  });

  it.each<[string, () => void, string]>([
    ['is gone', () => server.files.delete('/all.tar.gz'), 'feed_not_found'],
    ['is a page that asks to log in', () => server.files.set('/all.tar.gz', Buffer.from('<html>')), 'feed_empty'],
    ['is empty', () => server.files.set('/all.tar.gz', Buffer.alloc(0)), 'feed_empty'],
    [
      'is damaged',
      () => server.files.set('/all.tar.gz', gzipSync(tarOf(50)).subarray(0, 900)),
      'feed_archive_malformed',
    ],
    ['has lost most of itself', () => server.files.set('/all.tar.gz', gzipSync(tarOf(10))), 'feed_shrunk'],
    [
      'leads to where credentials are',
      () => server.next('/all.tar.gz', { kind: 'redirect', to: 'http://169.254.169.254/latest' }),
      'address_refused',
    ],
    [
      'leads in circles',
      () =>
        server.next(
          '/all.tar.gz',
          ...Array.from({ length: 9 }, () => ({ kind: 'redirect', to: `${server.url}/all.tar.gz` }) as const),
        ),
      'feed_refused',
    ],
  ])('leaves the last good state when it %s', async (_what, spoil, code) => {
    await updated();
    spoil();
    expect(await updated()).toMatchObject({ step: 'failed', error: { code } });
    expect(await feed()).toMatchObject({ state: FeedState.STALE, error: { code } });
    expect(await site.count('advisory_entries')).toBe(40);
  });

  it('is taken when it has shrunk and that is insisted on', async () => {
    await updated();
    server.files.set('/all.tar.gz', gzipSync(tarOf(10)));
    expect(await updated('npm', true)).toMatchObject({ step: 'imported', source: { advisoryCount: 10n } });
  });

  it('over the size limit is refused', async () => {
    await using small = await site.replica({ maxFeedBytes: 600 });
    const steps = await Array.fromAsync(small.advisories.updateAdvisories({ feeds: ['npm'] }, { caller }));
    expect(steps.at(-1)).toMatchObject({ error: { code: 'feed_too_large' } });
  });
});

describe('a feed of many documents', () => {
  it('fetches only those that have changed, and drops those that are listed no more', async () => {
    const list = (...lines: [string, string][]) =>
      server.files.set('/csaf/changes.csv', Buffer.from(lines.map(([name, time]) => `"${name}","${time}"\n`).join('')));
    const document = (n: number, fixed = '2.0.0') =>
      server.files.set(
        `/csaf/2024/${n}.json`,
        Buffer.from(Object.values(npmAdvisory({ id: `GHSA-${n}`, alias: `CVE-2024-${n}`, name: `p${n}`, fixed }))[0]!),
      );
    for (const n of [1, 2, 3]) document(n);
    list(['2024/1.json', 'a'], ['2024/2.json', 'a'], ['2024/3.json', 'a']);
    await put({ name: 'npm', urls: [`${server.url}/csaf/changes.csv`] });
    expect(await updated()).toMatchObject({ step: 'imported', source: { advisoryCount: 3n } });
    server.seen.length = 0;
    expect(await updated()).toMatchObject({ step: 'unchanged' });
    document(2, '3.0.0');
    list(['2024/1.json', 'a'], ['2024/2.json', 'b']);
    expect(await updated()).toMatchObject({ step: 'imported', source: { advisoryCount: 2n } });
    expect(server.seen.map(({ path }) => path)).toEqual([
      '/csaf/changes.csv',
      '/csaf/changes.csv',
      '/csaf/2024/2.json',
    ]);
    const { rows } = await sql<{ fixed: string }>`
      select entry->'intervals'->0->>'before' as fixed from advisory_entries order by package`.execute(site.db.kysely);
    expect(rows.map(({ fixed }) => fixed)).toEqual(['2.0.0', '3.0.0']);
  });

  it('is told by alternatives in its address, of which some may not be there yet', async () => {
    const secdb = (name: string) =>
      Buffer.from(
        JSON.stringify({
          distroversion: 'v3.20',
          reponame: 'main',
          packages: [{ pkg: { name, secfixes: { '1.0-r0': ['CVE-2024-1'] } } }],
        }),
      );
    server.files.set('/v3.20/main.json', secdb('busybox'));
    server.files.set('/v3.20/community.json', secdb('nginx'));
    await put({ name: 'alpine', urls: [`${server.url}/{v3.20/main,v3.20/community,v3.99/main}.json`] });
    expect(await updated('alpine')).toMatchObject({
      step: 'imported',
      source: { ecosystems: ['Alpine:v3.20'], advisoryCount: 2n },
    });
    server.files.set('/v3.20/main.json', secdb('musl'));
    expect(await updated('alpine')).toMatchObject({ step: 'imported' });
    expect(requests('/v3.20/community.json').at(-1)).toMatchObject({ status: 304 });
    server.files.delete('/v3.20/main.json');
    expect(await updated('alpine')).toMatchObject({ step: 'failed', error: { code: 'feed_not_found' } });
  });

  it('is found on pages of links', async () => {
    server.files.set(
      '/',
      Buffer.from('<a href="../">up</a> <a href="v1/">v1</a> <a href="http://elsewhere.example/x.json">x</a>'),
    );
    server.files.set('/v1/', Buffer.from("<a href='a.json'>a</a>"));
    server.files.set('/v1/a.json', Buffer.from(Object.values(advisories(1))[0]!));
    await put({ name: 'npm', urls: [`${server.url}/`] });
    expect(await updated()).toMatchObject({ step: 'imported', source: { advisoryCount: 1n } });
  });

  it('is named by the description of an rpm repository, whose digest counts', async () => {
    const updateinfo = gzipSync(
      '<?xml version="1.0"?><updates><update type="security" status="final"><id>ALAS-2024-1</id><title>t</title><severity>important</severity><references><reference href="x" id="CVE-2024-1" type="cve"/></references><pkglist><collection short="amazon-linux-2023"><name>Amazon Linux 2023</name><package name="curl" version="8.0.0" release="1.amzn2023" epoch="0" arch="x86_64"><filename>curl.rpm</filename></package></collection></pkglist></update></updates>',
    );
    const repomd = (digest: string) =>
      Buffer.from(
        `<repomd><data type="updateinfo"><checksum type="sha256">${digest}</checksum><location href="repodata/updateinfo.xml.gz"/></data></repomd>`,
      );
    server.files.set('/mirror.list', Buffer.from(`${server.url}/repo/\n`));
    server.files.set('/repo/repodata/updateinfo.xml.gz', updateinfo);
    server.files.set('/repo/repodata/repomd.xml', repomd(createHash('sha256').update(updateinfo).digest('hex')));
    await put({ name: 'amazon', urls: [`${server.url}/mirror.list`] });
    expect(await updated('amazon')).toMatchObject({ step: 'imported', source: { advisoryCount: 1n } });
    expect(await updated('amazon')).toMatchObject({ step: 'unchanged' });
    server.files.set('/repo/repodata/repomd.xml', repomd('0'.repeat(64)));
    expect(await updated('amazon')).toMatchObject({ step: 'failed', error: { code: 'feed_digest_mismatch' } });
  });
});

describe('a feed of this machine', () => {
  it('is a directory or a file, below the directory for feeds where there is one', async () => {
    const directory = join(site.directory, 'feed');
    await mkdir(directory);
    for (const [name, text] of Object.entries(advisories(2))) await writeFile(join(directory, name), text);
    await put({ name: 'npm', urls: [pathToFileURL(directory).href] });
    expect(await updated()).toMatchObject({ step: 'imported', source: { advisoryCount: 2n } });
    expect(await updated()).toMatchObject({ step: 'unchanged' });
    await mkdir(join(site.directory, 'feeds-only'));
    await using strict = await site.replica({ feedFileRoot: join(site.directory, 'feeds-only') });
    const steps = await Array.fromAsync(strict.advisories.updateAdvisories({ feeds: ['npm'] }, { caller }));
    expect(steps.at(-1)).toMatchObject({ error: { code: 'address_refused' } });
  });
});

const inRegistry = 'skipped' in registry ? describe.skip : describe;
inRegistry('a feed of a registry', () => {
  it('is fetched when its digest has changed', async () => {
    const { host } = registry as { host: string };
    const push = async (bytes: Buffer) => {
      const blob = async (content: Buffer) => {
        const digest = `sha256:${createHash('sha256').update(content).digest('hex')}`;
        const begun = await fetch(`http://${host}/v2/advisories/npm/blobs/uploads/`, { method: 'POST' });
        const place = new URL(begun.headers.get('location')!, `http://${host}`);
        place.searchParams.set('digest', digest);
        await fetch(place, {
          method: 'PUT',
          body: new Uint8Array(content),
          headers: { 'content-type': 'application/octet-stream' },
        });
        return { digest, size: content.length };
      };
      const mediaType = 'application/vnd.oci.image.manifest.v1+json';
      const manifest = {
        schemaVersion: 2,
        mediaType,
        artifactType: 'application/vnd.gabion.advisories.v1',
        config: { mediaType: 'application/vnd.oci.empty.v1+json', ...(await blob(Buffer.from('{}'))) },
        layers: [
          {
            mediaType: 'application/vnd.gabion.advisories.v1.tar+gzip',
            ...(await blob(bytes)),
            annotations: { 'org.opencontainers.image.title': '../../npm.tar.gz' },
          },
        ],
      };
      const sent = await fetch(`http://${host}/v2/advisories/npm/manifests/latest`, {
        method: 'PUT',
        body: JSON.stringify(manifest),
        headers: { 'content-type': mediaType },
      });
      expect(sent.status).toBe(201);
    };
    await push(gzipSync(tarOf(3)));
    await put({ name: 'npm', urls: [`oci:${host}/advisories/npm:latest`] });
    expect(await updated()).toMatchObject({ step: 'imported', source: { advisoryCount: 3n } });
    expect(await updated()).toMatchObject({ step: 'unchanged' });
    await push(gzipSync(tarOf(4)));
    expect(await updated()).toMatchObject({ step: 'imported', source: { advisoryCount: 4n } });
    await put({ name: 'gone', urls: [`oci:${host}/advisories/none:latest`] });
    expect(await updated('gone')).toMatchObject({ step: 'failed', error: { code: 'feed_not_found' } });
  });
});

describe('the list of feeds', () => {
  it('holds the public ones, which can be disabled or pointed elsewhere but not deleted', async () => {
    expect(await feed('kev')).toMatchObject({ builtIn: true, disabled: false, state: FeedState.NEVER_FETCHED });
    expect(await feed('nvd')).toMatchObject({ builtIn: true, disabled: true });
    await put({ name: 'kev', urls: [`${server.url}/kev.json`], disabled: true });
    expect(await feed('kev')).toMatchObject({
      builtIn: true,
      state: FeedState.DISABLED,
      urls: [`${server.url}/kev.json`],
    });
    await expect(scanner.advisories.deleteFeed({ name: 'kev' }, { caller })).rejects.toMatchObject({
      code: 'feed_built_in',
    });
  });

  it('loses a feed with all that it brought', async () => {
    server.files.set('/a.tar', tarOf(3));
    await put({ name: 'npm', urls: [`${server.url}/a.tar`] });
    await updated();
    await scanner.advisories.deleteFeed({ name: 'npm' }, { caller });
    expect(await feed()).toBeUndefined();
    expect(await site.count('advisory_entries')).toBe(0);
    await expect(scanner.advisories.deleteFeed({ name: 'npm' }, { caller })).rejects.toMatchObject({
      code: 'feed_not_found',
    });
    await expect(updated()).rejects.toMatchObject({ kind: 'not_found', code: 'feed_not_found' });
  });

  it.each([
    ['ftp://example.com/x', 'feed_address_invalid'],
    ['https://user:secret@example.com/x', 'feed_address_invalid'],
    ['https://example.com/{a,b', 'feed_address_invalid'],
    ['no address', 'feed_address_invalid'],
  ])('refuses the address %s', async (url, code) => {
    await expect(put({ name: 'bad', urls: [url] })).rejects.toMatchObject({ kind: 'invalid_argument', code });
  });
});

describe('the schedule', () => {
  it('fetches what is due, on one replica, and after the replica that had it was killed', async () => {
    server.files.set('/a.tar', tarOf(3));
    await put({ name: 'npm', urls: [`${server.url}/a.tar`] });
    await sql`update feeds set disabled = true where name <> 'npm'`.execute(site.db.kysely);
    server.next('/a.tar', { kind: 'stall', after: 10 });
    const config = site.config({ workers: 0, advisoryUpdates: true, feedTickMs: 50 });
    await using child = await ReplicaProcess.start(config);
    while (server.seen.length === 0) await new Promise((wake) => setTimeout(wake, 20));
    expect(await feed()).toMatchObject({ state: FeedState.FETCHING });
    expect(await updated()).toMatchObject({ step: 'failed', error: { code: 'feed_busy' } });
    await child.kill();
    // The lease of the dead process runs out.
    await sql`update feeds set lease_until = now() - interval '1 s', next_attempt_time = now() where name = 'npm'`.execute(
      site.db.kysely,
    );
    await using _later = await site.replica({ workers: 0, advisoryUpdates: true, feedTickMs: 50 });
    while ((await feed())?.state !== FeedState.CURRENT) await new Promise((wake) => setTimeout(wake, 20));
    expect(await site.count('advisory_entries')).toBe(3);
  });
});

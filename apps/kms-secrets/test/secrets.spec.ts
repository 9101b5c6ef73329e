import { randomBytes } from 'node:crypto';
import { durationFromMs, timestampFromDate } from '@bufbuild/protobuf/wkt';
import { SecretService } from '@gabion/contracts/gabion/kms/v1/secrets_pb';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { sql } from 'kysely';
import { eventually, faultOf, person, platform, root } from './platform.ts';

type Site = Awaited<ReturnType<typeof platform>>;

const as = { caller: root };
let site: Site;
let secrets: ReturnType<typeof clientOf>;

function clientOf() {
  return site.gateway.client(SecretService);
}

const data = (text: string) => ({ password: Buffer.from(text) });

beforeAll(async () => {
  site = await platform();
  secrets = clientOf();
});

afterAll(() => site[Symbol.asyncDispose]());

async function textOf(path: string, version = 0): Promise<string> {
  const { data } = await secrets.readSecret({ path, version }, as);
  return Buffer.from(data.password as Uint8Array).toString();
}

describe('secrets', () => {
  it('have versions, of which the latest is read unless another is asked for', async () => {
    const metadata = { owner: 'team a' };
    expect(await secrets.putSecret({ path: 'team/db', data: data('one'), metadata }, as)).toMatchObject({
      currentVersion: 1,
      metadata,
      settings: { maxVersions: 10 },
    });
    const { versions } = await secrets.putSecret({ path: 'team/db', data: data('two') }, as);
    expect(versions.map(({ version }) => version)).toEqual([2, 1]);
    expect([await textOf('team/db'), await textOf('team/db', 1)]).toEqual(['two', 'one']);
    expect((await secrets.getSecret({ path: 'team/db' }, as)).metadata).toEqual(metadata);
    expect(await faultOf(secrets.readSecret({ path: 'team/db', version: 3 }, as))).toMatchObject({
      code: 'secret_version_unknown',
    });
    expect(await faultOf(secrets.readSecret({ path: 'team' }, as))).toMatchObject({ code: 'secret_unknown' });
  });

  it('are changed only from the version that was expected, by one of many at once', async () => {
    const put = (expectedVersion?: number) =>
      secrets.putSecret(
        { path: 'checked', data: data('x'), ...(expectedVersion !== undefined && { expectedVersion }) },
        as,
      );
    const many = await Promise.allSettled(Array.from({ length: 10 }, () => put(0)));
    expect(many.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(await faultOf(put(0))).toMatchObject({ kind: 'aborted', code: 'expected_version_differs' });
    const settings = { requiresExpectedVersion: true };
    await secrets.putSecret({ path: 'checked', data: data('y'), expectedVersion: 1, settings }, as);
    expect(await faultOf(put())).toMatchObject({ code: 'expected_version_required' });
    expect((await put(2)).currentVersion).toBe(3);
  });

  it('are deleted, brought back and destroyed, version by version', async () => {
    for (const text of ['one', 'two']) await secrets.putSecret({ path: 'gone', data: data(text) }, as);
    await secrets.deleteSecretVersions({ path: 'gone' }, as);
    expect(await faultOf(textOf('gone'))).toMatchObject({ code: 'secret_version_deleted' });
    expect(await textOf('gone', 1)).toBe('one');
    await secrets.undeleteSecretVersions({ path: 'gone', versions: [2] }, as);
    expect(await textOf('gone')).toBe('two');
    await secrets.destroySecretVersions({ path: 'gone', versions: [2] }, as);
    await secrets.undeleteSecretVersions({ path: 'gone', versions: [2] }, as);
    expect(await faultOf(textOf('gone'))).toMatchObject({ code: 'secret_version_destroyed' });
    const { rows } = await sql<{ wrapped: unknown }>`
      select wrapped from secret_versions where path = 'gone' and version = 2`.execute(site.db.kysely);
    expect(rows).toEqual([{ wrapped: null }]);
    await secrets.destroySecretVersions({ path: 'gone' }, as);
    expect(await faultOf(secrets.getSecret({ path: 'gone' }, as))).toMatchObject({ code: 'secret_unknown' });
  });

  it('keep as many versions as they are told', async () => {
    const settings = { maxVersions: 2 };
    for (const text of ['one', 'two', 'three'])
      await secrets.putSecret({ path: 'few', data: data(text), settings }, as);
    expect(await faultOf(textOf('few', 1))).toMatchObject({ code: 'secret_version_destroyed' });
    expect([await textOf('few', 2), await textOf('few')]).toEqual(['two', 'three']);
  });

  it('are not readable from the moment they expire', async () => {
    const expireTime = timestampFromDate(new Date(site.clock.now().getTime() + 60_000));
    await secrets.putSecret({ path: 'short', data: data('x'), expireTime }, as);
    expect(await textOf('short')).toBe('x');
    site.clock.advance(60_001);
    expect(await faultOf(textOf('short'))).toMatchObject({ code: 'secret_version_expired' });
    const past = secrets.putSecret({ path: 'short', data: data('x'), expireTime }, as);
    expect(await faultOf(past)).toMatchObject({ code: 'field_invalid' });
  });

  it('are leased to one caller, who alone renews the lease until it is revoked', async () => {
    await secrets.putSecret({ path: 'leased', data: data('x') }, as);
    const holder = { caller: person('app-1', 'secrets.read') };
    const { lease } = await secrets.readSecret({ path: 'leased', lease: durationFromMs(60_000) }, holder);
    const id = lease?.id as string;
    expect((await secrets.renewLease({ id }, holder)).version).toBe(1);
    const other = secrets.renewLease({ id }, { caller: person('app-2', 'secrets.read') });
    expect(await faultOf(other)).toMatchObject({ kind: 'not_found', code: 'lease_unknown' });
    expect((await secrets.revokeLease({ id }, as)).revokeTime).toBeDefined();
    expect(await faultOf(secrets.renewLease({ id }, holder))).toMatchObject({ code: 'lease_ended' });
    const tooLong = secrets.readSecret({ path: 'leased', lease: durationFromMs(86_400_001) }, holder);
    expect(await faultOf(tooLong)).toMatchObject({ code: 'field_invalid' });
  });

  it('are listed page by page below a path, and not beside it', async () => {
    const paths = ['tree/a', 'tree/a/b', 'tree/c', 'trees', 'tree-x'];
    for (const path of paths) await secrets.putSecret({ path, data: data('x') }, as);
    const first = await secrets.listSecrets({ below: 'tree', pageSize: 2 }, as);
    const second = await secrets.listSecrets({ below: 'tree', pageSize: 2, pageToken: first.nextPageToken }, as);
    const found = [...first.secrets, ...second.secrets].map(({ path }) => path);
    expect(found).toEqual(['tree/a', 'tree/a/b', 'tree/c']);
    expect(second.nextPageToken).toBe('');
    expect(first.secrets[0]?.versions).toMatchObject([{ version: 1 }]);
  });

  it('refuse paths that climb, and what is too large', async () => {
    const wrong = ['../x', 'a/../b', '/a', 'a//b', 'a/', '.hidden', 'a b', 'x'.repeat(513), ''];
    const faults = await Promise.all(wrong.map((path) => faultOf(secrets.putSecret({ path, data: data('x') }, as))));
    expect(faults.map(({ code }) => code)).toEqual(wrong.map(() => 'field_invalid'));
    const halves = { one: randomBytes(600_000), two: randomBytes(600_000) };
    expect(await faultOf(secrets.putSecret({ path: 'large', data: halves }, as))).toMatchObject({
      code: 'field_invalid',
    });
    expect(await faultOf(secrets.putSecret({ path: 'empty' }, as))).toMatchObject({ code: 'field_invalid' });
  });

  it('are on the audit trail with who and which version, and never with the value', async () => {
    const value = 'a value that nobody else has';
    await secrets.putSecret({ path: 'recorded', data: data(value) }, as);
    await secrets.readSecret({ path: 'recorded' }, { caller: person('reader', 'secrets.read') });
    const bodies = async () => {
      const { rows } = await sql<{ body: Buffer }>`select body from events.log`.execute(site.db.kysely);
      return rows.map(({ body }) => body.toString('latin1'));
    };
    await eventually(async () =>
      (await bodies()).some((body) => body.includes('ReadSecret') && body.includes('reader')),
    );
    expect((await bodies()).some((body) => body.includes(value))).toBe(false);
    const { rows } = await sql<{ wrapped: Buffer }>`select wrapped from secret_versions`.execute(site.db.kysely);
    expect(rows.some(({ wrapped }) => wrapped?.includes(value))).toBe(false);
  });
});

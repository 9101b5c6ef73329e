import { randomUUID } from 'node:crypto';
import { create } from '@bufbuild/protobuf';
import { durationFromMs } from '@bufbuild/protobuf/wkt';
import { CallerSchema } from '@gabion/contracts/gabion/identity/v1/caller_pb';
import { ClusterEncryptionService } from '@gabion/contracts/gabion/kms/v1/clusters_pb';
import { SecretOperation, SecretPolicyService } from '@gabion/contracts/gabion/kms/v1/secret_policies_pb';
import { SecretRotationService } from '@gabion/contracts/gabion/kms/v1/secret_rotations_pb';
import { SecretSyncService } from '@gabion/contracts/gabion/kms/v1/secret_syncs_pb';
import { SecretService } from '@gabion/contracts/gabion/kms/v1/secrets_pb';
import { type Caller, CallerKind } from '@gabion/trust/caller';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { sql } from 'kysely';
import { eventually, faultOf, person, platform, root } from './platform.ts';
import { SecretStoreServer } from './secret-store-server.ts';

const { READ, WRITE, DELETE, DESTROY, LIST, ROTATE, REVOKE } = SecretOperation;
const everything = [READ, WRITE, DELETE, DESTROY, LIST, ROTATE, REVOKE];
const as = { caller: root };
const data = { password: Buffer.from('x') };
const period = durationFromMs(3_600_000);
const way = { case: 'generated' as const, value: { name: 'password', randomBytes: 16 } };

let site: Awaited<ReturnType<typeof platform>>;
let api: SecretStoreServer;
const policies = () => site.gateway.client(SecretPolicyService);
const secrets = () => site.gateway.client(SecretService);
const rotations = () => site.gateway.client(SecretRotationService);
const syncs = () => site.gateway.client(SecretSyncService);

beforeAll(async () => {
  site = await platform();
  api = await SecretStoreServer.start();
  const { kubeconfig } = api;
  await site.gateway.client(ClusterEncryptionService).putClusterEncryption({ cluster: 'prod', kubeconfig }, as);
});
afterAll(async () => {
  await site[Symbol.asyncDispose]();
  await api[Symbol.asyncDispose]();
});

/** Has only this caller do these things with a path, or with those below one. */
async function allow(path: string, id: string, ...operations: SecretOperation[]): Promise<void> {
  await policies().putSecretPolicy({ path, statements: [{ callers: [id], operations }] }, as);
}

async function codeOf(call: Promise<unknown>): Promise<string> {
  return call.then(
    () => '',
    (error: { code: string }) => error.code,
  );
}

interface Place {
  readonly path: string;
  readonly leaseId: string;
  readonly syncId: string;
}

/** A secret that is leased to alice, has a rotation, and is kept in a cluster. */
async function place(): Promise<Place> {
  const path = `team/${randomUUID()}`;
  await secrets().putSecret({ path, data }, as);
  const { lease } = await secrets().readSecret({ path, lease: durationFromMs(60_000) }, { caller: alice });
  await rotations().putSecretRotation({ path, period, way }, as);
  const target = { cluster: 'prod', namespace: 'shop', name: path.replace('/', '-') };
  const { id } = await syncs().putSecretSync({ path, target }, as);
  return { path, leaseId: lease?.id ?? '', syncId: id };
}

const alice = person('alice', '*');

type Ask = (place: Place, caller: { caller: Caller }) => Promise<unknown>;
const asks: readonly (readonly [string, readonly SecretOperation[], Ask])[] = [
  ['ReadSecret', [READ], ({ path }, by) => secrets().readSecret({ path }, by)],
  ['PutSecret', [WRITE], ({ path }, by) => secrets().putSecret({ path, data }, by)],
  ['GetSecret', [LIST], ({ path }, by) => secrets().getSecret({ path }, by)],
  ['DeleteSecretVersions', [DELETE], ({ path }, by) => secrets().deleteSecretVersions({ path }, by)],
  ['UndeleteSecretVersions', [DELETE], ({ path }, by) => secrets().undeleteSecretVersions({ path, versions: [1] }, by)],
  ['DestroySecretVersions', [DESTROY], ({ path }, by) => secrets().destroySecretVersions({ path, versions: [1] }, by)],
  ['RenewLease', [READ], ({ leaseId: id }, by) => secrets().renewLease({ id }, by)],
  ['RevokeLease', [REVOKE], ({ leaseId: id }, by) => secrets().revokeLease({ id }, by)],
  ['GetSecretRotation', [LIST], ({ path }, by) => rotations().getSecretRotation({ path }, by)],
  ['PutSecretRotation', [ROTATE, WRITE], ({ path }, by) => rotations().putSecretRotation({ path, period, way }, by)],
  ['DeleteSecretRotation', [ROTATE], ({ path }, by) => rotations().deleteSecretRotation({ path }, by)],
  ['RotateSecret', [ROTATE], ({ path }, by) => rotations().rotateSecret({ path }, by)],
  [
    'PutSecretSync',
    [READ],
    ({ path }, by) => syncs().putSecretSync({ path, target: { cluster: 'prod', namespace: 'shop', name: 'new' } }, by),
  ],
  ['GetSecretSync', [LIST], ({ syncId: id }, by) => syncs().getSecretSync({ id }, by)],
  ['CheckSecretSync', [LIST], ({ syncId: id }, by) => syncs().checkSecretSync({ id }, by)],
  ['DeleteSecretSync', [LIST], ({ syncId: id }, by) => syncs().deleteSecretSync({ id }, by)],
];

describe('a policy of secrets', () => {
  it.each(asks)('decides who calls %s', async (_, needed, ask) => {
    const there = await place();
    const by = { caller: alice };
    await allow(there.path, 'bob', ...everything);
    expect(await faultOf(ask(there, by))).toMatchObject({
      kind: 'permission_denied',
      code: 'not_allowed_by_policy',
    });
    for (const operation of needed) {
      await allow(there.path, 'alice', ...everything.filter((each) => each !== operation));
      expect(await codeOf(ask(there, by))).toBe('not_allowed_by_policy');
    }
    await allow(there.path, 'alice', ...needed);
    expect(await codeOf(ask(there, by))).toBe('');
    await policies().deleteSecretPolicy({ path: there.path }, as);
    await syncs().deleteSecretSync({ id: there.syncId }, as);
    const { syncs: made } = await syncs().listSecretSyncs({ path: there.path }, as);
    for (const { id } of made) await syncs().deleteSecretSync({ id }, as);
  });

  it('is needed beside the permission, and not in place of it', async () => {
    const { path } = await place();
    await allow(path, 'carol', ...everything);
    const refused = secrets().readSecret({ path }, { caller: person('carol', 'secrets.list') });
    expect(await faultOf(refused)).toMatchObject({ kind: 'permission_denied' });
    expect(await codeOf(secrets().readSecret({ path }, as))).toBe('not_allowed_by_policy');
  });

  it('decides alone where it is the most specific one', async () => {
    const read = (path: string, id: string) => codeOf(secrets().readSecret({ path }, { caller: person(id, '*') }));
    for (const path of ['x/a', 'x/a/b', 'x/c', 'xy/a']) await secrets().putSecret({ path, data }, as);
    await allow('x/*', 'wide', READ);
    await allow('x/a/*', 'narrow', READ);
    await allow('x/a/b', 'exact', READ);
    const readers = async (path: string) => {
      const codes = await Promise.all(['wide', 'narrow', 'exact'].map((id) => read(path, id)));
      return codes.map((code) => code === '');
    };
    expect(await readers('x/a/b')).toEqual([false, false, true]);
    expect(await readers('x/a')).toEqual([true, false, false]);
    expect(await readers('x/c')).toEqual([true, false, false]);
    expect(await readers('xy/a')).toEqual([true, true, true]);
    await policies().deleteSecretPolicy({ path: 'x/a/b' }, as);
    expect(await readers('x/a/b')).toEqual([false, true, false]);
  });

  it('covers the paths below its own, and all of them as "*"', async () => {
    for (const path of ['y', 'y/a', 'y-b/a']) await secrets().putSecret({ path, data }, as);
    await allow('y/*', 'nobody', READ);
    const codes = () => Promise.all(['y', 'y/a', 'y-b/a'].map((path) => codeOf(secrets().readSecret({ path }, as))));
    expect(await codes()).toEqual(['', 'not_allowed_by_policy', '']);
    await allow('*', 'local', READ);
    expect(await codes()).toEqual(['', 'not_allowed_by_policy', '']);
    expect(await codeOf(secrets().putSecret({ path: 'nowhere', data }, as))).toBe('not_allowed_by_policy');
    await policies().deleteSecretPolicy({ path: '*' }, as);
  });

  it('does not say whether a secret that it closes is there', async () => {
    await allow('closed/*', 'nobody', READ);
    await policies().putSecretPolicy(
      { path: 'closed/there', statements: [{ callers: ['local'], operations: [WRITE] }] },
      as,
    );
    await secrets().putSecret({ path: 'closed/there', data }, as);
    const refused = (path: string) => faultOf(secrets().readSecret({ path }, as));
    expect((await refused('closed/there')).message).toBe((await refused('closed/none')).message);
  });

  it('names callers byte by byte, and services as such', async () => {
    const { path } = await place();
    const service = (id: string) =>
      create(CallerSchema, { kind: CallerKind.SERVICE, id, name: id, permissions: ['*'] });
    const read = (caller: Caller) => codeOf(secrets().readSecret({ path }, { caller }));
    await allow(path, 'Dora', READ);
    expect(await read(person('dora', '*'))).toBe('not_allowed_by_policy');
    expect(await read(person('Dora', '*'))).toBe('');
    await allow(path, 'service:reader', READ);
    expect(await read(service('reader'))).toBe('');
    expect(await read(person('reader', '*'))).toBe('not_allowed_by_policy');
    await allow(path, 'reader', READ);
    expect(await read(service('reader'))).toBe('not_allowed_by_policy');
  });

  it('hides paths from lists, whose pages are full all the same', async () => {
    const paths = Array.from({ length: 9 }, (_, at) => `list/${at}/s`);
    for (const path of paths) await secrets().putSecret({ path, data }, as);
    for (const at of [0, 1, 2, 5, 8]) await allow(`list/${at}/*`, 'bob', LIST);
    await allow('list/3/s', 'alice', LIST);
    const pages = async (caller: Caller) => {
      const found: string[][] = [];
      for (let pageToken = ''; ; ) {
        const page = await secrets().listSecrets({ below: 'list', pageSize: 2, pageToken }, { caller });
        found.push(page.secrets.map(({ path }) => path));
        pageToken = page.nextPageToken;
        if (!pageToken) return found;
      }
    };
    expect(await pages(alice)).toEqual([
      ['list/3/s', 'list/4/s'],
      ['list/6/s', 'list/7/s'],
    ]);
    expect((await pages(person('bob', '*'))).flat()).toEqual(paths.filter((path) => path !== 'list/3/s'));
  });

  it('hides syncs from lists, and keeps them from being turned to another secret', async () => {
    const [one, other] = [await place(), await place()];
    await allow(one.path, 'bob', ...everything);
    const { syncs: found } = await syncs().listSecretSyncs({ cluster: 'prod' }, { caller: alice });
    expect(found.map(({ id }) => id)).toEqual([other.syncId]);
    const target = { cluster: 'prod', namespace: 'shop', name: one.path.replace('/', '-') };
    const turned = syncs().putSecretSync({ path: other.path, target }, { caller: alice });
    expect(await codeOf(turned)).toBe('not_allowed_by_policy');
  });

  it('is on the trail when it refuses', async () => {
    const { path } = await place();
    await allow(path, 'bob', READ);
    await faultOf(secrets().readSecret({ path }, { caller: person('mallory-of-the-trail', '*') }));
    const isTold = async () => {
      const { rows } = await sql<{ body: Buffer }>`select body from events.log`.execute(site.db.kysely);
      return rows.some(({ body }) => body.includes('mallory-of-the-trail') && body.includes('not_allowed_by_policy'));
    };
    await eventually(isTold);
  });
});

describe('policies of secrets', () => {
  it('are told, listed page by page, replaced and removed', async () => {
    for (const path of ['z/c', 'z/a/*', 'z/b']) await allow(path, 'bob', READ, LIST);
    expect(await policies().getSecretPolicy({ path: 'z/a/*' }, as)).toMatchObject({
      path: 'z/a/*',
      statements: [{ callers: ['bob'], operations: [READ, LIST] }],
    });
    const found: string[] = [];
    for (let pageToken = ''; ; ) {
      const page = await policies().listSecretPolicies({ pageSize: 2, pageToken }, as);
      found.push(...page.policies.map(({ path }) => path));
      pageToken = page.nextPageToken;
      if (!pageToken) break;
    }
    expect(found.filter((path) => path.startsWith('z/'))).toEqual(['z/a/*', 'z/b', 'z/c']);
    expect(found).toEqual([...found].sort());
    await policies().deleteSecretPolicy({ path: 'z/b' }, as);
    expect(await codeOf(policies().getSecretPolicy({ path: 'z/b' }, as))).toBe('secret_policy_unknown');
  });

  it('are of those who hold the permission', async () => {
    const caller = person('bob', 'secrets.*', 'secret-rotations.*', 'secret-policies.get');
    const put = policies().putSecretPolicy(
      { path: 'z', statements: [{ callers: ['bob'], operations: [READ] }] },
      { caller },
    );
    expect((await faultOf(put)).kind).toBe('permission_denied');
    expect((await faultOf(policies().deleteSecretPolicy({ path: 'z' }, { caller }))).kind).toBe('permission_denied');
  });

  it.each(['', '/a', 'a//b', 'a/', '**', 'a/**', 'a/*/b', 'a*', '*/a', '../a', 'a/../*', '.hidden/*'])(
    'are not of the path %j',
    async (path) => {
      expect(await codeOf(allow(path, 'bob', READ))).toBe('field_invalid');
    },
  );

  it('name somebody, and something', async () => {
    const put = (statements: { callers: string[]; operations: SecretOperation[] }[]) =>
      codeOf(policies().putSecretPolicy({ path: 'named', statements }, as));
    expect(await put([])).toBe('field_invalid');
    expect(await put([{ callers: [], operations: [READ] }])).toBe('field_invalid');
    expect(await put([{ callers: ['bob'], operations: [] }])).toBe('field_invalid');
    expect(await put([{ callers: ['bob'], operations: [SecretOperation.UNSPECIFIED] }])).toBe('field_invalid');
    expect(await put([{ callers: [''], operations: [READ] }])).toBe('field_invalid');
  });
});

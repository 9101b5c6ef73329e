import { ClusterEncryptionService } from '@gabion/contracts/gabion/kms/v1/clusters_pb';
import { SecretDriftedSchema } from '@gabion/contracts/gabion/kms/v1/events_pb';
import {
  DriftAction,
  type SecretSync,
  SecretSyncService,
  SecretSyncState,
} from '@gabion/contracts/gabion/kms/v1/secret_syncs_pb';
import { SecretService } from '@gabion/contracts/gabion/kms/v1/secrets_pb';
import { describe, expect, it } from '@jest/globals';
import { eventually, faultOf, person, platform, root } from './platform.ts';
import { SecretStoreServer } from './secret-store-server.ts';
import { eventsOf } from './trail.ts';

const as = { caller: root };
const target = { cluster: 'prod', namespace: 'shop', name: 'db' };

describe('a sync of a secret', () => {
  it('writes the secret to its cluster, and every new version of it', async () => {
    await using site = await synced();
    const sync = await site.syncs.putSecretSync({ path: 'team/db', target }, as);
    expect(sync).toMatchObject({ state: SecretSyncState.PENDING, version: 0, checkSeconds: 60 });
    await site.reaches(sync.id, { state: SecretSyncState.SYNCED, version: 1, errorCode: '' });
    expect(site.api.textsOf('shop/db')).toEqual({ user: 'app', password: 'first' });
    expect(site.api.secrets.get('shop/db')).toMatchObject({
      type: 'Opaque',
      metadata: {
        labels: { 'app.kubernetes.io/managed-by': 'gabion' },
        annotations: { 'gabion.dev/secret-path': 'team/db', 'gabion.dev/secret-version': '1' },
      },
    });
    await site.put({ user: 'app', password: 'second' });
    await site.reaches(sync.id, { state: SecretSyncState.SYNCED, version: 2 });
    expect(site.api.textsOf('shop/db')).toEqual({ user: 'app', password: 'second' });
  });

  it('writes values under the keys that it is told, and keeps what others wrote beside them', async () => {
    await using site = await synced();
    const keys = { DB_PASSWORD: 'password' };
    const { id } = await site.syncs.putSecretSync({ path: 'team/db', target, keys }, as);
    await site.reaches(id, { state: SecretSyncState.SYNCED });
    expect(site.api.textsOf('shop/db')).toEqual({ DB_PASSWORD: 'first' });
    const { metadata } = site.api.secrets.get('shop/db') ?? {};
    if (metadata?.labels) metadata.labels.team = 'shop';
    await site.put({ password: 'second' });
    await site.reaches(id, { version: 2 });
    expect(site.api.secrets.get('shop/db')?.metadata.labels).toMatchObject({ team: 'shop' });
  });

  it('finds what somebody else changed or deleted, tells it and repairs it', async () => {
    await using site = await synced();
    const { id } = await site.syncs.putSecretSync({ path: 'team/db', target }, as);
    await site.reaches(id, { state: SecretSyncState.SYNCED });
    const changed = site.api.secrets.get('shop/db');
    if (changed?.data) changed.data = { ...changed.data, password: 'eA==', more: 'eA==' };
    await site.syncs.checkSecretSync({ id }, as);
    await site.reaches(id, { state: SecretSyncState.SYNCED, driftedKeys: ['more', 'password'] });
    expect(site.api.textsOf('shop/db')).toEqual({ user: 'app', password: 'first' });
    site.api.secrets.delete('shop/db');
    await site.syncs.checkSecretSync({ id }, as);
    await eventually(() => site.api.secrets.has('shop/db'));
    expect(await site.drifts()).toEqual([
      expect.objectContaining({ keys: ['more', 'password'], isRepaired: true, path: 'team/db', cluster: 'prod' }),
      expect.objectContaining({ isDeleted: true, isRepaired: true }),
    ]);
  });

  it('only tells of changes where that is wanted, each once, until the next version', async () => {
    await using site = await synced();
    const onDrift = DriftAction.REPORT;
    const { id } = await site.syncs.putSecretSync({ path: 'team/db', target, onDrift }, as);
    await site.reaches(id, { state: SecretSyncState.SYNCED });
    const changed = site.api.secrets.get('shop/db');
    if (changed?.data) changed.data = { ...changed.data, password: 'eA==' };
    for (let round = 0; round < 2; round++) {
      await site.checked(id);
      expect(await site.syncs.getSecretSync({ id }, as)).toMatchObject({
        state: SecretSyncState.DRIFTED,
        driftedKeys: ['password'],
      });
    }
    expect(await site.drifts()).toEqual([expect.objectContaining({ keys: ['password'] })]);
    await site.put({ user: 'app', password: 'second' });
    await site.reaches(id, { state: SecretSyncState.SYNCED, version: 2 });
    expect(site.api.textsOf('shop/db')?.password).toBe('second');
  });

  it('leaves a Secret of somebody else alone unless it is to adopt it', async () => {
    await using site = await synced();
    site.api.write('shop/db', { password: 'theirs' });
    const { id } = await site.syncs.putSecretSync({ path: 'team/db', target }, as);
    await site.reaches(id, { state: SecretSyncState.FAILED, errorCode: 'target_of_another' });
    expect(site.api.textsOf('shop/db')).toEqual({ password: 'theirs' });
    const again = await site.syncs.putSecretSync({ path: 'team/db', target, adopt: true }, as);
    expect(again.id).toBe(id);
    await site.reaches(id, { state: SecretSyncState.SYNCED, errorCode: '' });
    expect(site.api.textsOf('shop/db')).toEqual({ user: 'app', password: 'first' });
    expect(await site.drifts()).toEqual([]);
  });

  it('says why it cannot be, and goes on when it can', async () => {
    await using site = await synced();
    site.api.isAway = true;
    const { id } = await site.syncs.putSecretSync({ path: 'team/db', target }, as);
    await site.reaches(id, { state: SecretSyncState.FAILED, errorCode: 'api_server_failed' });
    site.api.isAway = false;
    await site.syncs.checkSecretSync({ id }, as);
    await site.reaches(id, { state: SecretSyncState.SYNCED });
    await site.secrets.deleteSecretVersions({ path: 'team/db' }, as);
    await site.reaches(id, { state: SecretSyncState.FAILED, errorCode: 'secret_version_deleted' });
    expect(site.api.textsOf('shop/db')).toBeDefined();
    await site.put({ 'not a key': 'x' });
    await site.reaches(id, { state: SecretSyncState.FAILED, errorCode: 'target_key_invalid' });
    await site.syncs.putSecretSync({ path: 'team/db', target, keys: { password: 'gone' } }, as);
    await site.reaches(id, { state: SecretSyncState.FAILED, errorCode: 'secret_key_missing' });
  });

  it('ends with its target or without it, and never with what is not its own', async () => {
    await using site = await synced();
    const { id } = await site.syncs.putSecretSync({ path: 'team/db', target }, as);
    await site.reaches(id, { state: SecretSyncState.SYNCED });
    const cluster = site.gateway.client(ClusterEncryptionService).deleteClusterEncryption({ cluster: 'prod' }, as);
    expect(await faultOf(cluster)).toMatchObject({ code: 'cluster_in_use' });
    await site.syncs.deleteSecretSync({ id }, as);
    await site.syncs.deleteSecretSync({ id }, as);
    expect(site.api.secrets.has('shop/db')).toBe(true);
    expect(await faultOf(site.syncs.getSecretSync({ id }, as))).toMatchObject({ code: 'secret_sync_unknown' });

    const adopting = await site.syncs.putSecretSync({ path: 'team/db', target, adopt: true }, as);
    await site.reaches(adopting.id, { state: SecretSyncState.SYNCED });
    await site.syncs.deleteSecretSync({ id: adopting.id, removeTarget: true }, as);
    expect(site.api.secrets.has('shop/db')).toBe(false);
    const third = await site.syncs.putSecretSync({ path: 'team/db', target }, as);
    await site.reaches(third.id, { state: SecretSyncState.SYNCED });
    site.api.secrets.delete('shop/db');
    site.api.write('shop/db', { password: 'theirs' });
    await site.syncs.deleteSecretSync({ id: third.id, removeTarget: true }, as);
    expect(site.api.textsOf('shop/db')).toEqual({ password: 'theirs' });
  });

  it('is listed by target, page by page', async () => {
    await using site = await synced();
    for (const name of ['c', 'a', 'b'])
      await site.syncs.putSecretSync({ path: 'team/db', target: { ...target, name } }, as);
    const first = await site.syncs.listSecretSyncs({ pageSize: 2 }, as);
    const second = await site.syncs.listSecretSyncs({ pageSize: 2, pageToken: first.nextPageToken }, as);
    const names = [...first.syncs, ...second.syncs].map((each) => each.target?.name);
    expect(names).toEqual(['a', 'b', 'c']);
    expect(second.nextPageToken).toBe('');
    expect((await site.syncs.listSecretSyncs({ path: 'another' }, as)).syncs).toEqual([]);
  });

  it.each([
    [{ path: 'none', target }, 'secret_unknown'],
    [{ path: 'team/db', target: { ...target, cluster: 'none' } }, 'cluster_unknown'],
    [{ path: 'team/db', target: { ...target, namespace: '../kube-system' } }, 'field_invalid'],
    [{ path: 'team/db', target: { ...target, name: 'a/b' } }, 'field_invalid'],
    [{ path: 'team/db', target, keys: { 'a/b': 'password' } }, 'field_invalid'],
    [{ path: 'team/db', target, checkSeconds: 1 }, 'field_invalid'],
  ])('is not made as %j', async (request, code) => {
    await using site = await synced();
    expect((await faultOf(site.syncs.putSecretSync(request, as))).code).toBe(code);
  });

  it('is not made by who may not read the secret', async () => {
    await using site = await synced();
    const caller = person('mallory', 'secret-syncs.put');
    const refused = await faultOf(site.syncs.putSecretSync({ path: 'team/db', target }, { caller }));
    expect(refused).toMatchObject({ kind: 'permission_denied', code: 'secret_read_required' });
  });

  it('is written by one of two replicas, and once', async () => {
    await using site = await synced({ replicas: 2 });
    const names = Array.from({ length: 12 }, (_, at) => `n${at}`);
    for (const name of names) await site.syncs.putSecretSync({ path: 'team/db', target: { ...target, name } }, as);
    await eventually(() => names.every((name) => site.api.secrets.has(`shop/${name}`)));
    expect(site.api.asked.filter((each) => each.startsWith('POST'))).toHaveLength(12);
  });
});

/** kms-secrets with a secret `team/db` and a cluster `prod` that answers. */
async function synced({ replicas = 1 } = {}) {
  const stack = new AsyncDisposableStack();
  const api = stack.use(await SecretStoreServer.start());
  const site = stack.use(await platform({ replicas }));
  const { gateway } = site;
  const [secrets, syncs] = [gateway.client(SecretService), gateway.client(SecretSyncService)];
  const put = (texts: Record<string, string>) => {
    const data = Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, Buffer.from(text)]));
    return secrets.putSecret({ path: 'team/db', data }, as);
  };
  await put({ user: 'app', password: 'first' });
  const { kubeconfig } = api;
  await gateway.client(ClusterEncryptionService).putClusterEncryption({ cluster: 'prod', kubeconfig }, as);
  const reaches = async (id: string, wanted: Partial<SecretSync>) => {
    let last: unknown;
    const isSo = async () => {
      last = await syncs.getSecretSync({ id }, as);
      try {
        expect(last).toMatchObject(wanted);
        return true;
      } catch {
        return false;
      }
    };
    await eventually(isSo, 10_000).catch(() => expect(last).toMatchObject(wanted));
  };
  /** Has it looked at once more, and waits for that. */
  const checked = async (id: string) => {
    const before = (await syncs.getSecretSync({ id }, as)).checkTime;
    await syncs.checkSecretSync({ id }, as);
    await eventually(async () => {
      const { checkTime } = await syncs.getSecretSync({ id }, as);
      return checkTime !== undefined && (checkTime.seconds !== before?.seconds || checkTime.nanos !== before.nanos);
    });
  };
  const drifts = () => eventsOf(site, SecretDriftedSchema);
  return {
    gateway,
    api,
    secrets,
    syncs,
    put,
    reaches,
    checked,
    drifts,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

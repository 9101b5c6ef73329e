import {
  ClusterEncryptionService,
  type StorageMigration,
  StorageMigrationState,
} from '@gabion/contracts/gabion/kms/v1/clusters_pb';
import { KeyService } from '@gabion/contracts/gabion/kms/v1/keys_pb';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { readKubeconfig } from '../src/clusters/kubeconfig.ts';
import { StandInApiServer } from './api-server.ts';
import { kubeconfigOf } from './api-server-base.ts';
import { eventually, faultOf, platform, root } from './platform.ts';

type Site = Awaited<ReturnType<typeof platform>>;

const as = { caller: root };
const cluster = 'prod';
let stack: AsyncDisposableStack;
let site: Site;
let api: StandInApiServer;
let clusters: ReturnType<typeof clientOf>;

const clientOf = () => site.gateway.client(ClusterEncryptionService);

/** The migration once it has ended; the clock is beyond the time that API servers need to settle. */
async function ended({ id }: StorageMigration): Promise<StorageMigration> {
  site.clock.advance(200_000);
  await eventually(async () => (await clusters.getStorageMigration({ id }, as)).endTime !== undefined, 20_000);
  return clusters.getStorageMigration({ id }, as);
}

describe('a storage migration', () => {
  beforeEach(async () => {
    stack = new AsyncDisposableStack();
    site = stack.use(await platform({ replicas: 2 }));
    api = stack.use(await StandInApiServer.start(7));
    clusters = clientOf();
    await clusters.putClusterEncryption({ cluster, kubeconfig: api.kubeconfig }, as);
  });

  afterEach(() => stack.disposeAsync());

  it('has every object written once, and asks for no value', async () => {
    const begun = await clusters.createStorageMigration({ cluster }, as);
    expect(begun.state).toBe(StorageMigrationState.WAITING);
    expect(await faultOf(clusters.createStorageMigration({ cluster }, as))).toMatchObject({
      code: 'migration_running',
    });
    expect(api.asked).toEqual([]);
    expect(await ended(begun)).toMatchObject({
      state: StorageMigrationState.SUCCEEDED,
      found: 7n,
      written: 7n,
      failed: 0n,
    });
    expect([...api.secrets.values()].map(({ patched }) => patched)).toEqual([1, 1, 1, 1, 1, 1, 1]);
    const { migrations } = await clusters.listStorageMigrations({ cluster }, as);
    expect(migrations.map(({ id }) => id)).toEqual([begun.id]);
  });

  it('goes on where a list expired, and leaves to others what they wrote', async () => {
    api.isExpired = true;
    api.refusals.set('s1', 409).set('s2', 404);
    const done = await ended(await clusters.createStorageMigration({ cluster }, as));
    expect(done).toMatchObject({ state: StorageMigrationState.SUCCEEDED, written: 5n, conflicts: 2n });
  });

  it('writes all that it may, and says what was refused', async () => {
    api.refusals.set('s3', 422);
    const done = await ended(await clusters.createStorageMigration({ cluster }, as));
    expect(done).toMatchObject({
      state: StorageMigrationState.FAILED,
      written: 6n,
      failed: 1n,
      errorCode: 'objects_refused',
    });
    expect(done.errorMessage).toContain('secrets default/s3');
  });

  it('fails when it is not let in', async () => {
    api.refusals.set('s0', 403);
    const done = await ended(await clusters.createStorageMigration({ cluster }, as));
    expect(done).toMatchObject({ state: StorageMigrationState.FAILED, errorCode: 'api_server_refuses' });
  });

  it('waits for an API server that is away', async () => {
    api.isAway = true;
    const begun = await clusters.createStorageMigration({ cluster }, as);
    site.clock.advance(200_000);
    await eventually(() => api.asked.length > 0, 20_000);
    api.isAway = false;
    site.clock.advance(60_000);
    expect(await ended(begun)).toMatchObject({ state: StorageMigrationState.SUCCEEDED, written: 7n });
  });

  it('begins anew when the key is rotated before it has begun', async () => {
    const begun = await clusters.createStorageMigration({ cluster }, as);
    await site.gateway.client(KeyService).rotateKey({ key: 'cluster-prod' }, as);
    site.clock.advance(200_000);
    await eventually(
      async () => (await clusters.getStorageMigration({ id: begun.id }, as)).kmsKeyId !== begun.kmsKeyId,
      20_000,
    );
    expect(await ended(begun)).toMatchObject({ state: StorageMigrationState.SUCCEEDED, written: 7n });
  });

  it('is cancelled while it waits', async () => {
    const { id } = await clusters.createStorageMigration({ cluster }, as);
    expect(await clusters.cancelStorageMigration({ id }, as)).toMatchObject({ state: StorageMigrationState.CANCELLED });
    expect((await clusters.createStorageMigration({ cluster }, as)).id).not.toBe(id);
    expect(api.asked).toEqual([]);
  });
});

describe('a kubeconfig', () => {
  const fine = { server: 'https://x' };

  it.each<[string, string]>([
    ['no YAML', 'a: [b'],
    ['no mapping', '- a'],
    ['a name twice', 'a: 1\na: 1\n'],
    ['no context', '{}'],
    ['aliases', `a: &a [x]\nb: [*a, *a]\n`],
    ['a server without TLS', kubeconfigOf({ server: 'http://x' }, { token: 't' })],
    ['TLS that is not verified', kubeconfigOf({ ...fine, 'insecure-skip-tls-verify': true }, { token: 't' })],
    ['an authority in a file', kubeconfigOf({ ...fine, 'certificate-authority': '/etc/passwd' }, { token: 't' })],
    ['a program', kubeconfigOf(fine, { exec: { command: 'sh' } })],
    ['a token in a file', kubeconfigOf(fine, { tokenFile: '/etc/passwd' })],
    ['a key in a file', kubeconfigOf(fine, { 'client-key': '/etc/passwd' })],
    ['a token with a line break', kubeconfigOf(fine, { token: 'a\r\nb: c' })],
    ['nobody', kubeconfigOf(fine, {})],
    [
      'a certificate that is none',
      kubeconfigOf(fine, { 'client-certificate-data': 'eA==', 'client-key-data': 'eA==' }),
    ],
  ])('with %s is refused', (_, text) => {
    expect(() => readKubeconfig(Buffer.from(text))).toThrow(expect.objectContaining({ code: 'kubeconfig_invalid' }));
  });

  it.each([
    ['brackets', '['.repeat(65_536)],
    ['quotes', '"'.repeat(65_536)],
    ['names', Array.from({ length: 8000 }, (_, at) => `k${at}: 1\n`).join('')],
    ['tags', '!a '.repeat(21_845)],
    ['aliases', `a: &a [x]\nb: [${'*a,'.repeat(21_000)}]\n`],
  ])('of nothing but %s is refused at once', (_, text) => {
    const before = performance.now();
    expect(() => readKubeconfig(Buffer.from(text))).toThrow(expect.objectContaining({ code: 'kubeconfig_invalid' }));
    // 4 s where they were parsed.
    expect(performance.now() - before).toBeLessThan(1000);
  });
});

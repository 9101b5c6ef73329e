import { generateKeyPairSync, randomUUID } from 'node:crypto';
import {
  ClusterEncryptionService,
  ClusterKeyService,
  type WatchClusterKeysResponse,
} from '@gabion/contracts/gabion/kms/v1/clusters_pb';
import { KeyOperation, KeyService } from '@gabion/contracts/gabion/kms/v1/keys_pb';
import { openSealed } from '@gabion/keys/hpke';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { sql } from 'kysely';
import { parse } from 'yaml';
import { faultOf, person, platform, root, TestClock } from './platform.ts';
import { trailOf } from './trail.ts';

type Site = Awaited<ReturnType<typeof platform>>;

const as = { caller: root };
let site: Site;
let clusters: ReturnType<typeof clientOf>;

function clientOf(replica = 0) {
  return (site.gateways[replica] as Site['gateway']).client(ClusterEncryptionService);
}

function keysOf() {
  return site.gateway.client(KeyService);
}

beforeAll(async () => {
  site = await platform({ replicas: 2, clock: new TestClock() });
  clusters = clientOf();
});

afterAll(() => site[Symbol.asyncDispose]());

/** What a plugin on `node` hears, and the keys that it can open. */
class Plugin implements AsyncDisposable {
  readonly #pair = generateKeyPairSync('x25519');
  readonly #leaving = new AbortController();
  readonly keys = new Map<string, Buffer>();
  readonly #heard: AsyncIterator<WatchClusterKeysResponse>;

  constructor(
    private readonly cluster: string,
    private readonly node: string,
    options: { replica?: number; caller?: typeof root } = {},
  ) {
    const { x } = this.#pair.publicKey.export({ format: 'jwk' });
    const request = { cluster, node, recipient: Buffer.from(x as string, 'base64url') };
    const gateway = site.gateways[options.replica ?? 0] as Site['gateway'];
    const call = { caller: options.caller ?? root, signal: this.#leaving.signal };
    this.#heard = gateway.client(ClusterKeyService).watchClusterKeys(request, call)[Symbol.asyncIterator]();
  }

  async hears(): Promise<WatchClusterKeysResponse> {
    const { value } = await this.#heard.next();
    const message = value as WatchClusterKeysResponse;
    const { d } = this.#pair.privateKey.export({ format: 'jwk' });
    for (const { kmsKeyId, sealed } of message.keys) {
      if (sealed.length === 0) continue;
      const context = { info: 'gabion cluster key v1', aad: `${this.cluster}\n${this.node}\n${kmsKeyId}` };
      this.keys.set(kmsKeyId, await openSealed(Buffer.from(d as string, 'base64url'), sealed, context));
    }
    return message;
  }

  async hearsUntil(isSo: (message: WatchClusterKeysResponse) => boolean): Promise<WatchClusterKeysResponse> {
    for (;;) {
      const message = await this.hears();
      if (isSo(message)) return message;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#leaving.abort();
    await this.#heard.return?.().catch(() => {});
  }
}

describe('the encryption of a cluster', () => {
  it('has a key of its own, which is not disabled under it', async () => {
    const put = await clusters.putClusterEncryption({ cluster: 'guarded' }, as);
    expect(put).toMatchObject({ resources: ['secrets'], graceSeconds: 3600, isSuspended: false, hasKubeconfig: false });
    expect(put.kmsKeyId).toBe(`gabion:guarded:1:${put.keyId}:1`);
    const refused = await faultOf(keysOf().disableKey({ key: 'cluster-guarded' }, as));
    expect(refused).toMatchObject({ code: 'key_in_use', message: expect.stringContaining('cluster guarded') });
    expect(await faultOf(keysOf().scheduleKeyDeletion({ key: put.keyId }, as))).toMatchObject({ code: 'key_in_use' });
    await clusters.deleteClusterEncryption({ cluster: 'guarded' }, as);
    await keysOf().disableKey({ key: 'cluster-guarded' }, as);
    const fault = await faultOf(clusters.getClusterEncryption({ cluster: 'guarded' }, as));
    expect(fault).toMatchObject({ kind: 'not_found', code: 'cluster_unknown' });
  });

  it('gives plugins of every replica the same keys, sealed to each', async () => {
    await clusters.putClusterEncryption({ cluster: 'alike' }, as);
    await using one = new Plugin('alike', 'node-1');
    await using other = new Plugin('alike', 'node-2', { replica: 1 });
    const [{ primary }] = await Promise.all([one.hears(), other.hears()]);
    expect(one.keys.get(primary)).toHaveLength(32);
    expect(one.keys).toEqual(other.keys);
    const { plugins } = await clusters.getClusterEncryption({ cluster: 'alike' }, as);
    expect(plugins.map(({ node, kmsKeyId }) => [node, kmsKeyId])).toEqual([
      ['node-1', primary],
      ['node-2', primary],
    ]);
    expect(await faultOf(clusters.deleteClusterEncryption({ cluster: 'alike' }, as))).toMatchObject({
      code: 'cluster_in_use',
    });
  });

  it('tells a new key before anyone encrypts with it, and never a key_id twice', async () => {
    const { keyId } = await clusters.putClusterEncryption({ cluster: 'turning' }, as);
    await using plugin = new Plugin('turning', 'node-1');
    const { primary: first } = await plugin.hears();
    await keysOf().rotateKey({ key: keyId }, as);
    const announced = await plugin.hears();
    expect(announced.keys.map(({ kmsKeyId }) => kmsKeyId)).toEqual([`gabion:turning:2:${keyId}:2`, first]);
    expect(announced.primary).toBe(first);
    site.clock.advance(5000);
    await clusters.putClusterEncryption({ cluster: 'turning' }, as);
    expect(await plugin.hearsUntil(({ primary }) => primary !== first)).toMatchObject({
      primary: `gabion:turning:2:${keyId}:2`,
    });
    const other = await keysOf().createKey({ name: 'turning-other', type: 1 }, as);
    await clusters.putClusterEncryption({ cluster: 'turning', key: other.id }, as);
    await clusters.putClusterEncryption({ cluster: 'turning', key: keyId }, as);
    const again = await plugin.hearsUntil(({ keys }) => keys.length === 4);
    expect(again.keys.map(({ kmsKeyId }) => kmsKeyId)).toEqual([
      `gabion:turning:4:${keyId}:2`,
      `gabion:turning:3:${other.id}:1`,
      `gabion:turning:2:${keyId}:2`,
      `gabion:turning:1:${keyId}:1`,
    ]);
    expect(new Set([...plugin.keys.values()].map((key) => key.toString('hex'))).size).toBe(4);
  });

  it('is suspended and taken up again within a moment', async () => {
    await clusters.putClusterEncryption({ cluster: 'halting' }, as);
    await using plugin = new Plugin('halting', 'node-1');
    expect((await plugin.hears()).problem).toBe('');
    await clusters.putClusterEncryption({ cluster: 'halting', isSuspended: true }, as);
    expect(await plugin.hears()).toMatchObject({ problem: 'suspended', keys: [], primary: '' });
    await clusters.putClusterEncryption({ cluster: 'halting' }, as);
    const back = await plugin.hears();
    expect(back.keys).toMatchObject([{ sealed: expect.objectContaining({ length: 80 }) }]);
    expect(back.problem).toBe('');
  });

  it('is for the service accounts that it names', async () => {
    await clusters.putClusterEncryption({ cluster: 'closed', pluginAccounts: ['sa-closed'] }, as);
    await using stranger = new Plugin('closed', 'node-1', { caller: person('sa-other', 'cluster-keys.watch') });
    expect(await faultOf(stranger.hears())).toMatchObject({ kind: 'permission_denied', code: 'plugin_not_allowed' });
    await using own = new Plugin('closed', 'node-1', { caller: person('sa-closed', 'cluster-keys.watch') });
    expect((await own.hears()).keys).toHaveLength(1);
    const report = { cluster: 'closed', node: 'node-1', runId: randomUUID(), sequence: 1n, uses: [] };
    const reporting = site.gateway
      .client(ClusterKeyService)
      .reportClusterKeyUses(report, { caller: person('sa-other', '*') });
    expect(await faultOf(reporting)).toMatchObject({ code: 'plugin_not_allowed' });
  });

  it('has the uses of its plugins on the trail, once', async () => {
    const { keyId, kmsKeyId } = await clusters.putClusterEncryption({ cluster: 'used' }, as);
    const use = { kmsKeyId, operation: 'decrypt', uid: 'uid-of-the-api-server', code: '' };
    const foreign = { kmsKeyId: 'gabion:other:1:x:1', operation: 'decrypt', uid: 'uid-2', code: '' };
    const report = { cluster: 'used', node: 'node-1', runId: randomUUID(), sequence: 1n, uses: [use, foreign] };
    const { reportClusterKeyUses } = site.gateway.client(ClusterKeyService);
    await reportClusterKeyUses(report, as);
    await reportClusterKeyUses(report, as);
    await reportClusterKeyUses({ ...report, sequence: 2n, uses: [{ ...use, operation: 'encrypt' }], lost: 3n }, as);
    const { uses } = await trailOf(site, keyId);
    expect(uses).toMatchObject([
      { version: 1, operation: KeyOperation.DECRYPT, code: '', requestId: 'uid-of-the-api-server' },
      { version: 0, operation: KeyOperation.DECRYPT, code: 'kms_key_id_unknown' },
      { version: 1, operation: KeyOperation.ENCRYPT, code: '' },
      { version: 0, code: 'uses_lost', count: 3 },
    ]);
    const { users } = await keysOf().listKeyUsers({ key: keyId }, as);
    expect(users).toMatchObject([{ kind: 'cluster', name: 'used', versions: [1], lastUseTime: expect.anything() }]);
  });

  it('lets go of a version once no counted value is under it', async () => {
    const { keyId, kmsKeyId: first } = await clusters.putClusterEncryption({ cluster: 'counted' }, as);
    await keysOf().rotateKey({ key: keyId }, as);
    const second = `gabion:counted:2:${keyId}:2`;
    await clusters.putClusterEncryption({ cluster: 'counted' }, as);
    const share = { resource: 'secrets', provider: 'kms-v2', version: 2, values: 7n };
    const report = (shares: object[], resources = ['secrets']) =>
      clusters.reportEncryptionEvidence({ cluster: 'counted', shares, resources }, as);
    const raised = () => keysOf().updateKey({ key: keyId, settings: { minVersion: 2 }, fields: ['min_version'] }, as);
    site.clock.advance(200_000);
    const partly = await report([
      { ...share, kmsKeyId: second },
      { ...share, kmsKeyId: first, version: 1 },
    ]);
    expect(partly.isComplete).toBe(false);
    expect(await faultOf(raised())).toMatchObject({ code: 'key_in_use' });
    await report([{ ...share, kmsKeyId: second }], ['configmaps']);
    expect(await faultOf(raised())).toMatchObject({ code: 'key_in_use' });
    const whole = await report([{ ...share, kmsKeyId: second }]);
    expect(whole).toMatchObject({ isComplete: true, resources: ['secrets'], shares: [{ values: 7n }] });
    expect((await raised()).settings?.minVersion).toBe(2);
    await using plugin = new Plugin('counted', 'node-1');
    expect((await plugin.hears()).keys.map(({ kmsKeyId }) => kmsKeyId)).toEqual([second]);
    expect(await faultOf(clusters.deleteClusterEncryption({ cluster: 'counted' }, as))).toMatchObject({
      code: 'cluster_in_use',
    });
  });

  it('writes the EncryptionConfiguration of its API servers', async () => {
    await clusters.putClusterEncryption({ cluster: 'written', resources: ['secrets', 'widgets.example.com'] }, as);
    const { yaml } = await clusters.getEncryptionConfiguration(
      { cluster: 'written', endpoint: 'unix:///run/x.sock' },
      as,
    );
    expect(parse(yaml)).toEqual({
      apiVersion: 'apiserver.config.k8s.io/v1',
      kind: 'EncryptionConfiguration',
      resources: [
        {
          resources: ['secrets', 'widgets.example.com'],
          providers: [
            { kms: { apiVersion: 'v2', name: 'gabion', endpoint: 'unix:///run/x.sock', timeout: '3s' } },
            { identity: {} },
          ],
        },
      ],
    });
    const faults = await Promise.all(
      ['http://x', 'unix:///a b', 'unix://@abstract', 'unix:///x\n- y'].map((endpoint) =>
        faultOf(clusters.getEncryptionConfiguration({ cluster: 'written', endpoint }, as)),
      ),
    );
    expect(faults.map(({ code }) => code)).toEqual(faults.map(() => 'endpoint_invalid'));
  });

  it('refuses what it cannot keep', async () => {
    const rsa = await keysOf().createKey({ name: 'clusters-rsa', type: 11 }, as);
    const wrong = [
      [{ cluster: 'Wrong Name' }, 'field_invalid'],
      [{ cluster: 'wrong', resources: ['Secrets'] as string[] }, 'field_invalid'],
      [{ cluster: 'wrong', key: 'nobody' }, 'key_unknown'],
      [{ cluster: 'wrong', key: rsa.id }, 'key_type_unsuitable'],
      [{ cluster: 'wrong', kubeconfig: Buffer.from('a: b') }, 'kubeconfig_invalid'],
    ] as const;
    const faults = await Promise.all(wrong.map(([request]) => faultOf(clusters.putClusterEncryption(request, as))));
    expect(faults.map(({ code }) => code)).toEqual(wrong.map(([, code]) => code));
    const { rows } = await sql`select cluster from cluster_encryptions where cluster = 'wrong'`.execute(site.db.kysely);
    expect(rows).toEqual([]);
  });
});

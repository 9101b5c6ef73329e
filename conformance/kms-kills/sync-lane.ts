import { setTimeout as pause } from 'node:timers/promises';
import { ClusterEncryptionService } from '@gabion/contracts/gabion/kms/v1/clusters_pb';
import { SecretSyncService } from '@gabion/contracts/gabion/kms/v1/secret_syncs_pb';
import { SecretService } from '@gabion/contracts/gabion/kms/v1/secrets_pb';
import type { Connection } from '@gabion/rpc/client';
import type { SecretStoreServer } from '../../apps/kms-secrets/test/secret-store-server.ts';
import { as, type Lane } from './lane.ts';

const path = 'synced/db';
const place = 'shop/db';

/** A secret that is kept in a cluster: what is there is one of its versions, whole, and the last one in the end. */
export class SyncLane implements Lane {
  #sent = 0;
  #id = '';

  constructor(private readonly api: SecretStoreServer) {}

  async begin(connection: Connection): Promise<void> {
    await this.work(connection);
    const { kubeconfig } = this.api;
    await connection.client(ClusterEncryptionService).putClusterEncryption({ cluster: 'synced', kubeconfig }, as);
    const target = { cluster: 'synced', namespace: 'shop', name: 'db' };
    this.#id = (await connection.client(SecretSyncService).putSecretSync({ path, target }, as)).id;
  }

  async work(connection: Connection): Promise<void> {
    const number = ++this.#sent;
    const data = { user: Buffer.from(`user ${number}`), password: Buffer.from(`password ${number}`) };
    await connection.client(SecretService).putSecret({ path, data }, as);
    await pause(20);
  }

  async lost(connection: Connection): Promise<string[]> {
    const { id } = await connection.client(SecretSyncService).getSecretSync({ id: this.#id }, as);
    const { user = 'user 0', password = 'password 0' } = this.api.textsOf(place) ?? {};
    const isOfOneVersion = user.replace('user ', '') === password.replace('password ', '');
    return [...(id === this.#id ? [] : ['the sync']), ...(isOfOneVersion ? [] : [`a target of ${user}, ${password}`])];
  }

  async finish(connection: Connection): Promise<string[]> {
    await this.work(connection);
    const wanted = `password ${this.#sent}`;
    for (const until = Date.now() + 30_000; this.api.textsOf(place)?.password !== wanted; await pause(50))
      if (Date.now() > until) return [`the last version in the target: ${JSON.stringify(this.api.textsOf(place))}`];
    const writes = this.api.asked.filter((each) => each.startsWith('POST')).length;
    return writes === 1 ? [] : [`the target was made ${writes} times`];
  }

  get told(): string {
    return `${this.#sent} versions for a cluster, written there ${this.api.asked.filter((each) => /^P/.test(each)).length} times`;
  }
}

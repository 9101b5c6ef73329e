import {
  type CheckSecretSyncRequest,
  type DeleteSecretSyncRequest,
  type GetSecretSyncRequest,
  type ListSecretSyncsRequest,
  type PutSecretSyncRequest,
  SecretSyncService,
} from '@gabion/contracts/gabion/kms/v1/secret_syncs_pb';
import { pageToken, positionIn } from '@gabion/postgres/pages';
import type { Call } from '@gabion/rpc/call';
import { Fault } from '@gabion/rpc/fault';
import { Implements } from '@gabion/rpc/implements';
import { audit } from '@gabion/service/audit';
import { holds } from '@gabion/trust/caller';
import { Inject } from '@nestjs/common';
import { KubernetesError } from '../clusters/kubernetes-connection.ts';
import { codeOf } from '../clusters/kubernetes-failure.ts';
import { type Database, database, type Tx } from '../db/schema.ts';
import { SecretSyncs, syncMessage, syncOf } from './secret-syncs.ts';
import { syncFaults } from './sync-faults.ts';
import { SyncStep } from './sync-step.ts';
import type { SecretSyncRow } from './tables.ts';

@Implements(SecretSyncService)
export class SecretSyncsController {
  constructor(
    @Inject(database) private readonly db: Database,
    private readonly syncs: SecretSyncs,
    private readonly step: SyncStep,
  ) {}

  async putSecretSync(request: PutSecretSyncRequest, call: Call) {
    if (!holds(call.caller, 'secrets.read')) throw syncFaults.unreadable();
    return syncMessage(await this.#recorded(call, 'put', (tx) => this.syncs.put(tx, request)));
  }

  async getSecretSync({ id }: GetSecretSyncRequest) {
    return syncMessage(await syncOf(this.db.kysely, id));
  }

  async listSecretSyncs({ pageSize, pageToken: token, cluster, path }: ListSecretSyncsRequest) {
    const limit = pageSize || 50;
    const query = `secret syncs ${cluster} ${path}`;
    const after = positionIn(token, { cluster: 'string', namespace: 'string', name: 'string' }, query);
    const rows = await this.db.kysely
      .selectFrom('secret_syncs')
      .selectAll()
      .$if(cluster !== '', (narrow) => narrow.where('cluster', '=', cluster))
      .$if(path !== '', (narrow) => narrow.where('path', '=', path))
      .$if(after !== undefined, (narrow) =>
        narrow.where((row) =>
          row(
            row.refTuple('cluster', 'namespace', 'name'),
            '>',
            row.tuple(after?.cluster ?? '', after?.namespace ?? '', after?.name ?? ''),
          ),
        ),
      )
      .orderBy('cluster')
      .orderBy('namespace')
      .orderBy('name')
      .limit(limit + 1)
      .execute();
    const page = rows.slice(0, limit);
    const last = rows.length > limit ? page.at(-1) : undefined;
    const at = last && { cluster: last.cluster, namespace: last.namespace, name: last.name };
    return { syncs: page.map(syncMessage), nextPageToken: at ? pageToken(at, query) : '' };
  }

  async checkSecretSync({ id }: CheckSecretSyncRequest, call: Call) {
    return syncMessage(await this.#recorded(call, 'check', (tx) => this.syncs.check(tx, id)));
  }

  async deleteSecretSync({ id, removeTarget }: DeleteSecretSyncRequest, call: Call) {
    const sync = await this.db.kysely.selectFrom('secret_syncs').selectAll().where('id', '=', id).executeTakeFirst();
    if (!sync) return {};
    if (removeTarget) await this.#remove(sync, call.signal);
    await this.#recorded(call, removeTarget ? 'delete with its target' : 'delete', async (tx) => {
      await this.syncs.delete(tx, id);
      return sync;
    });
    return {};
  }

  /** Only what is the sync's own is removed. */
  async #remove(sync: SecretSyncRow, signal: AbortSignal): Promise<void> {
    using target = await this.step.targetOf(sync, signal);
    try {
      const found = await target.find();
      if (found?.syncId === sync.id) await target.remove(found);
    } catch (error) {
      if (!(error instanceof KubernetesError)) throw error;
      throw new Fault(error.status === 0 ? 'unavailable' : 'failed_precondition', error.message, {
        code: codeOf(error),
        cause: error,
      });
    }
  }

  async #recorded(call: Call, operation: string, work: (tx: Tx) => Promise<SecretSyncRow>): Promise<SecretSyncRow> {
    return this.db.transaction(async (tx) => {
      const sync = await work(tx);
      const { id, path, cluster, namespace, name } = sync;
      const details = { operation, sync: id, path, target: `${cluster}/${namespace}/${name}` };
      await audit(tx, call, { service: 'kms-secrets', resource: `secret-syncs/${id}`, details });
      return sync;
    });
  }
}

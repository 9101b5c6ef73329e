import { SecretOperation } from '@gabion/contracts/gabion/kms/v1/secret_policies_pb';
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
import { assertAllowed, isVisible } from '../secrets/secret-policies.ts';
import { SecretSyncs, syncAt, syncMessage, syncOf } from './secret-syncs.ts';
import { syncFaults } from './sync-faults.ts';
import { SyncStep } from './sync-step.ts';
import type { SecretSyncRow } from './tables.ts';

const { LIST, READ } = SecretOperation;

@Implements(SecretSyncService)
export class SecretSyncsController {
  constructor(
    @Inject(database) private readonly db: Database,
    private readonly syncs: SecretSyncs,
    private readonly step: SyncStep,
  ) {}

  async putSecretSync(request: PutSecretSyncRequest, call: Call) {
    if (!holds(call.caller, 'secrets.read')) throw syncFaults.unreadable();
    const put = async (tx: Tx) => {
      await assertAllowed(tx, call.caller, request.path, READ);
      const before = await syncAt(tx, request.target);
      if (before) await assertAllowed(tx, call.caller, before.path, LIST);
      return this.syncs.put(tx, request);
    };
    return syncMessage(await this.#recorded(call, 'put', put));
  }

  async getSecretSync({ id }: GetSecretSyncRequest, call: Call) {
    const sync = await syncOf(this.db.kysely, id);
    await assertAllowed(this.db.kysely, call.caller, sync.path, LIST);
    return syncMessage(sync);
  }

  async listSecretSyncs({ pageSize, pageToken: token, cluster, path }: ListSecretSyncsRequest, call: Call) {
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
      .where(isVisible('secret_syncs.path', call.caller))
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
    const check = async (tx: Tx) => {
      const sync = await this.syncs.check(tx, id);
      await assertAllowed(tx, call.caller, sync.path, LIST);
      return sync;
    };
    return syncMessage(await this.#recorded(call, 'check', check));
  }

  async deleteSecretSync({ id, removeTarget }: DeleteSecretSyncRequest, call: Call) {
    const sync = await this.db.kysely.selectFrom('secret_syncs').selectAll().where('id', '=', id).executeTakeFirst();
    if (!sync) return {};
    await assertAllowed(this.db.kysely, call.caller, sync.path, LIST);
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

import { timestampDate } from '@bufbuild/protobuf/wkt';
import type { ClusterKeyUse, ReportClusterKeyUsesRequest } from '@gabion/contracts/gabion/kms/v1/clusters_pb';
import { KeyOperation } from '@gabion/contracts/gabion/kms/v1/keys_pb';
import type { Caller } from '@gabion/trust/caller';
import type { Clock } from '../area.ts';
import type { Database, Tx } from '../db/schema.ts';
import type { TimedUse, UsageTrail } from '../operations/usage-trail.ts';
import { noteClusterUse } from './cluster-keys.ts';
import { keyNamesOf } from './cluster-store.ts';
import type { ClusterKeyNameRow } from './tables.ts';

/** Of a field uint32. */
const maxCount = 2n ** 32n - 1n;

interface About {
  readonly callerId: string;
  readonly requestId: string;
  readonly sourceAddress: string;
}

const operations: Readonly<Record<string, KeyOperation>> = {
  encrypt: KeyOperation.ENCRYPT,
  decrypt: KeyOperation.DECRYPT,
};

/** Puts what plugins did with a cluster's keys on the trail of uses, once. */
export class PluginUses {
  constructor(
    private readonly db: Database,
    private readonly trail: UsageTrail,
    private readonly now: Clock,
  ) {}

  async take(report: ReportClusterKeyUsesRequest, caller: Caller, requestId: string): Promise<void> {
    await this.db.transaction(async (tx) => {
      if (!(await this.#isNew(tx, report))) return;
      const names = await keyNamesOf(tx, report.cluster);
      const [newest] = names;
      if (!newest || (report.uses.length === 0 && report.lost === 0n)) return;
      const byName = new Map(names.map((name) => [name.kms_key_id, name]));
      const { id, sourceAddress } = caller;
      const about = { callerId: `${id} on ${report.node}`, requestId, sourceAddress };
      const uses = report.uses.map((use) => this.#use(use, byName.get(use.kmsKeyId), newest, about));
      await this.trail.write(tx, report.lost > 0n ? [...uses, this.#lost(report.lost, newest, about)] : uses);
      await noteClusterUse(tx, report.cluster, this.now());
    });
  }

  /** A run's reports come in order; one that comes again is none. */
  async #isNew(tx: Tx, { cluster, node, runId, sequence }: ReportClusterKeyUsesRequest): Promise<boolean> {
    const row = await tx
      .selectFrom('cluster_plugins')
      .select(['run_id', 'sequence'])
      .where('cluster', '=', cluster)
      .where('node', '=', node)
      .forUpdate()
      .executeTakeFirst();
    if (row?.run_id === runId && BigInt(row.sequence) >= sequence) return false;
    const reported = { run_id: runId, sequence: `${sequence}` };
    await tx
      .insertInto('cluster_plugins')
      .values({ cluster, node, kms_key_id: '', last_seen_time: this.now(), ...reported })
      .onConflict((conflict) => conflict.columns(['cluster', 'node']).doUpdateSet(reported))
      .execute();
    return true;
  }

  /** Uses that the plugin could not keep until it was heard: that they were is on the trail, what they were in its log. */
  #lost(count: bigint, { key_id: keyId }: ClusterKeyNameRow, { callerId, requestId, sourceAddress }: About): TimedUse {
    return {
      keyId,
      version: 0,
      operation: KeyOperation.UNSPECIFIED,
      callerKind: 'kms_plugin',
      callerId,
      contextSha256: new Uint8Array(),
      count: Number(count < maxCount ? count : maxCount),
      code: 'uses_lost',
      requestId,
      sourceAddress,
      time: this.now(),
    };
  }

  /** A use of a name that the cluster never had was refused: it stands under the present key, version 0. */
  #use(
    { time, operation, uid, code, count }: ClusterKeyUse,
    name: ClusterKeyNameRow | undefined,
    newest: ClusterKeyNameRow,
    { callerId, requestId, sourceAddress }: About,
  ): TimedUse {
    return {
      keyId: (name ?? newest).key_id,
      version: name?.version ?? 0,
      operation: operations[operation] ?? KeyOperation.UNSPECIFIED,
      callerKind: 'kms_plugin',
      callerId,
      contextSha256: new Uint8Array(),
      count: count || 1,
      code: code || (name ? '' : 'kms_key_id_unknown'),
      requestId: uid || requestId,
      sourceAddress,
      time: time ? timestampDate(time) : this.now(),
    };
  }
}

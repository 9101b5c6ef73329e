import { fromJson, type JsonValue, type MessageInitShape, toJson } from '@bufbuild/protobuf';
import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import {
  type EncryptionEvidenceSchema,
  type EncryptionShare,
  EncryptionShareSchema,
  type ReportEncryptionEvidenceRequest,
} from '@gabion/contracts/gabion/kms/v1/clusters_pb';
import type { Clock } from '../area.ts';
import type { Database, Tx } from '../db/schema.ts';
import { type ClusterKeys, dependOn } from './cluster-keys.ts';
import { keyNamesOf, lockCluster } from './cluster-store.ts';
import { settledTime } from './storage-migrations.ts';

/** Which key encrypts how many of the values of a cluster, as it was last counted in etcd. */
export class Evidence {
  constructor(
    private readonly db: Database,
    private readonly keys: ClusterKeys,
    private readonly now: Clock,
  ) {}

  async of(cluster: string): Promise<MessageInitShape<typeof EncryptionEvidenceSchema>> {
    const { cluster: row, primary } = await this.keys.set(cluster);
    const found = await this.db.kysely
      .selectFrom('encryption_evidence')
      .selectAll()
      .where('cluster', '=', cluster)
      .executeTakeFirst();
    if (!found) return {};
    const shares = sharesIn(found.shares);
    return {
      shares,
      resources: found.resources,
      // Nothing counted proves nothing: it may have been looked for in the wrong place.
      isComplete:
        shares.length > 0 &&
        row.resources.every((each) => found.resources.includes(each)) &&
        shares
          .filter(({ resource }) => row.resources.includes(resource))
          .every(({ provider, kmsKeyId }) => provider === 'kms-v2' && kmsKeyId === primary.kms_key_id),
      time: timestampFromDate(found.report_time),
    };
  }

  /** Keeps the report. Where it covers all that is encrypted, versions that no value needs any more are let go. */
  async take(tx: Tx, { cluster, shares, resources }: ReportEncryptionEvidenceRequest): Promise<void> {
    const row = await lockCluster(tx, cluster);
    const kept = {
      shares: JSON.stringify(shares.map((share) => toJson(EncryptionShareSchema, share))),
      resources: [...resources],
      report_time: this.now(),
    };
    await tx
      .insertInto('encryption_evidence')
      .values({ cluster, ...kept })
      .onConflict((conflict) => conflict.column('cluster').doUpdateSet(kept))
      .execute();
    if (row.resources.every((each) => resources.includes(each))) await this.#letGo(tx, cluster, shares);
  }

  async #letGo(tx: Tx, cluster: string, shares: readonly EncryptionShare[]): Promise<void> {
    const names = await keyNamesOf(tx, cluster);
    const found = new Set(shares.filter(({ values }) => values > 0n).map(({ kmsKeyId }) => kmsKeyId));
    const now = this.now();
    // Until what came in place of a key has settled, an API server may have written with it after the count.
    const isReplaced = (index: number) => {
      const next = names[index - 1];
      return next !== undefined && settledTime(next) <= now;
    };
    const needed = names.filter(({ kms_key_id }, index) => found.has(kms_key_id) || !isReplaced(index));
    await dependOn(tx, cluster, needed);
  }
}

/** Counted values under keys of the cluster. */
export async function valuesUnder(tx: Tx, cluster: string): Promise<bigint> {
  const found = await tx
    .selectFrom('encryption_evidence')
    .select('shares')
    .where('cluster', '=', cluster)
    .executeTakeFirst();
  const shares = sharesIn(found?.shares ?? []);
  const own = shares.filter(({ kmsKeyId }) => kmsKeyId.startsWith(`gabion:${cluster}:`));
  return own.reduce((sum, { values }) => sum + values, 0n);
}

function sharesIn(shares: readonly JsonValue[]): EncryptionShare[] {
  return shares.map((share) => fromJson(EncryptionShareSchema, share));
}

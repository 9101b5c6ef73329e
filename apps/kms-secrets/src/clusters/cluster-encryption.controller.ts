import {
  type CancelStorageMigrationRequest,
  ClusterEncryptionService,
  type CreateStorageMigrationRequest,
  type DeleteClusterEncryptionRequest,
  type GetClusterEncryptionRequest,
  type GetEncryptionConfigurationRequest,
  type GetEncryptionEvidenceRequest,
  type GetStorageMigrationRequest,
  type ListClusterEncryptionsRequest,
  type ListStorageMigrationsRequest,
  type PutClusterEncryptionRequest,
  type ReportEncryptionEvidenceRequest,
} from '@gabion/contracts/gabion/kms/v1/clusters_pb';
import type { Call } from '@gabion/rpc/call';
import { Implements } from '@gabion/rpc/implements';
import { audit } from '@gabion/service/audit';
import { Inject } from '@nestjs/common';
import { type Database, database, type Tx } from '../db/schema.ts';
import { ClusterSettings } from './cluster-settings.ts';
import { clusterOf } from './cluster-store.ts';
import { encryptionConfiguration } from './encryption-configuration.ts';
import { Evidence } from './evidence.ts';
import { migrationMessage, StorageMigrations } from './storage-migrations.ts';

@Implements(ClusterEncryptionService)
export class ClusterEncryptionController {
  constructor(
    @Inject(database) private readonly db: Database,
    private readonly settings: ClusterSettings,
    private readonly migrations: StorageMigrations,
    private readonly evidence: Evidence,
  ) {}

  async putClusterEncryption(request: PutClusterEncryptionRequest, call: Call) {
    const { cluster, key, isSuspended } = request;
    const details = { suspended: `${isSuspended}`, ...(key && { key }) };
    await this.#recorded(call, cluster, details, (tx) => this.settings.put(tx, request));
    return this.settings.message(await clusterOf(this.db.kysely, cluster));
  }

  async getClusterEncryption({ cluster }: GetClusterEncryptionRequest) {
    return this.settings.message(await clusterOf(this.db.kysely, cluster));
  }

  async listClusterEncryptions(_request: ListClusterEncryptionsRequest) {
    const rows = await this.db.kysely.selectFrom('cluster_encryptions').selectAll().orderBy('cluster').execute();
    return { clusters: await Promise.all(rows.map((row) => this.settings.message(row))) };
  }

  async deleteClusterEncryption({ cluster }: DeleteClusterEncryptionRequest, call: Call) {
    await this.#recorded(call, cluster, {}, (tx) => this.settings.delete(tx, cluster));
    return {};
  }

  async getEncryptionConfiguration({ cluster, endpoint }: GetEncryptionConfigurationRequest) {
    return { yaml: encryptionConfiguration(await clusterOf(this.db.kysely, cluster), endpoint) };
  }

  async createStorageMigration({ cluster }: CreateStorageMigrationRequest, call: Call) {
    const create = (tx: Tx) => this.migrations.create(tx, cluster);
    return migrationMessage(await this.#recorded(call, cluster, {}, create));
  }

  async getStorageMigration({ id }: GetStorageMigrationRequest) {
    return migrationMessage(await this.migrations.get(id));
  }

  async listStorageMigrations({ cluster }: ListStorageMigrationsRequest) {
    await clusterOf(this.db.kysely, cluster);
    return { migrations: (await this.migrations.list(cluster)).map(migrationMessage) };
  }

  async cancelStorageMigration({ id }: CancelStorageMigrationRequest, call: Call) {
    const { cluster } = await this.migrations.get(id);
    const cancel = (tx: Tx) => this.migrations.cancel(tx, id);
    return migrationMessage(await this.#recorded(call, cluster, { migration: id }, cancel));
  }

  async getEncryptionEvidence({ cluster }: GetEncryptionEvidenceRequest) {
    return this.evidence.of(cluster);
  }

  async reportEncryptionEvidence(report: ReportEncryptionEvidenceRequest, call: Call) {
    const { cluster } = report;
    await this.#recorded(call, cluster, {}, (tx) => this.evidence.take(tx, report));
    return this.evidence.of(cluster);
  }

  async #recorded<T>(call: Call, cluster: string, details: Record<string, string>, work: (tx: Tx) => Promise<T>) {
    return this.db.transaction(async (tx) => {
      const answer = await work(tx);
      await audit(tx, call, { service: 'kms-secrets', resource: `cluster-encryption/${cluster}`, details });
      return answer;
    });
  }
}

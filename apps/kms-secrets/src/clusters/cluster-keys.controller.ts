import {
  ClusterKeyService,
  type ReportClusterKeyUsesRequest,
  type WatchClusterKeysRequest,
} from '@gabion/contracts/gabion/kms/v1/clusters_pb';
import type { Call } from '@gabion/rpc/call';
import { Implements } from '@gabion/rpc/implements';
import { audit } from '@gabion/service/audit';
import { Inject } from '@nestjs/common';
import type { Clock } from '../area.ts';
import { type Database, database } from '../db/schema.ts';
import { clusterFaults } from './cluster-faults.ts';
import { ClusterKeyFeed } from './cluster-key-feed.ts';
import { ClusterKeys } from './cluster-keys.ts';
import { clusterOf } from './cluster-store.ts';
import { ClusterWatchers } from './cluster-watchers.ts';
import { PluginUses } from './plugin-uses.ts';

/** Token under which NestJS provides the clock. */
export const clock = Symbol('clock');

@Implements(ClusterKeyService)
export class ClusterKeysController {
  constructor(
    @Inject(database) private readonly db: Database,
    @Inject(clock) private readonly now: Clock,
    private readonly keys: ClusterKeys,
    private readonly watchers: ClusterWatchers,
    private readonly uses: PluginUses,
  ) {}

  async *watchClusterKeys({ cluster, node, recipient }: WatchClusterKeysRequest, call: Call) {
    await this.#assertAllowed(cluster, call);
    await this.db.transaction((tx) =>
      audit(tx, call, { service: 'kms-secrets', resource: `cluster-encryption/${cluster}`, details: { node } }),
    );
    const { db, keys, watchers, now } = this;
    yield* new ClusterKeyFeed({ db, keys, watchers, now }, { cluster, node, recipient }).messages(call.signal);
  }

  async reportClusterKeyUses(report: ReportClusterKeyUsesRequest, call: Call) {
    await this.#assertAllowed(report.cluster, call);
    await this.uses.take(report, call.caller, call.requestId);
    return {};
  }

  async #assertAllowed(cluster: string, { caller }: Call): Promise<void> {
    const { plugin_accounts: accounts } = await clusterOf(this.db.kysely, cluster);
    if (accounts.length > 0 && !accounts.includes(caller.id)) throw clusterFaults.notAllowed();
  }
}

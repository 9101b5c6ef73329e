import { ClusterEncryptionService, ClusterKeyService } from '@gabion/contracts/gabion/kms/v1/clusters_pb';
import type { Area, AreaParts } from '../area.ts';
import type { KeysArea } from '../keys/area.ts';
import type { OperationsArea } from '../operations/area.ts';
import { ClusterEncryptionController } from './cluster-encryption.controller.ts';
import { ClusterKeysController, clock } from './cluster-keys.controller.ts';
import { ClusterKeys } from './cluster-keys.ts';
import { ClusterSettings } from './cluster-settings.ts';
import { ClusterWatchers } from './cluster-watchers.ts';
import { Evidence } from './evidence.ts';
import { MigrationRunner } from './migration-runner.ts';
import { PluginUses } from './plugin-uses.ts';
import { StorageMigrations } from './storage-migrations.ts';

/** What the area `clusters` is made from. */
export interface ClustersParts extends AreaParts {
  readonly keys: KeysArea;
  readonly operations: OperationsArea;
}

/** Opens the area `clusters`. */
export async function openClusters({ db, log, now, barrier, use, ...areas }: ClustersParts): Promise<Area> {
  const { ring, lifecycle } = areas.keys;
  const keys = new ClusterKeys(db, ring, now);
  const watchers = use(await ClusterWatchers.open(db, barrier));
  const settings = new ClusterSettings({ db, barrier, keys, lifecycle, now });
  const runner = use(new MigrationRunner({ db, barrier, keys, now }, watchers, log));
  return {
    services: [ClusterEncryptionService, ClusterKeyService],
    controllers: [ClusterEncryptionController, ClusterKeysController],
    providers: [
      { provide: clock, useValue: now },
      { provide: ClusterKeys, useValue: keys },
      { provide: ClusterWatchers, useValue: watchers },
      { provide: ClusterSettings, useValue: settings },
      { provide: StorageMigrations, useValue: new StorageMigrations(db, keys, now) },
      { provide: Evidence, useValue: new Evidence(db, keys, now) },
      { provide: PluginUses, useValue: new PluginUses(db, areas.operations.trail, now) },
    ],
    begin: async () => runner.begin(),
  };
}

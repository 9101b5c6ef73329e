import { SecretSyncService } from '@gabion/contracts/gabion/kms/v1/secret_syncs_pb';
import type { Area, AreaParts } from '../area.ts';
import type { SecretsArea } from '../secrets/area.ts';
import { SecretSyncsController } from './secret-syncs.controller.ts';
import { SecretSyncs, wakeSyncs } from './secret-syncs.ts';
import { SyncRunner } from './sync-runner.ts';
import { SyncStep } from './sync-step.ts';

/** What the area `syncs` is made from. */
export interface SyncsParts extends AreaParts {
  readonly secrets: SecretsArea;
}

/** Opens the area `syncs`. */
export function openSyncs({ db, log, now, barrier, use, secrets: { secrets } }: SyncsParts): Area {
  secrets.onChange((tx, path) => wakeSyncs(tx, path, now()));
  const parts = { db, barrier, secrets, now };
  const runner = use(new SyncRunner(parts, log));
  return {
    services: [SecretSyncService],
    controllers: [SecretSyncsController],
    providers: [
      { provide: SecretSyncs, useValue: new SecretSyncs(now) },
      { provide: SyncStep, useValue: new SyncStep(parts) },
    ],
    begin: async () => runner.begin(),
  };
}

import { KeyService } from '@gabion/contracts/gabion/kms/v1/keys_pb';
import type { Area, AreaParts } from '../area.ts';
import { CachedRing } from './cached-ring.ts';
import { KeyBackups } from './key-backup.ts';
import { KeyCaretaker } from './key-caretaker.ts';
import { KeyLifecycle } from './key-lifecycle.ts';
import type { KeyRing } from './key-ring.ts';
import { KeysController } from './keys.controller.ts';
import { VersionMaterials } from './version-materials.ts';
import { WrappingKeys } from './wrapping-keys.ts';

export interface KeysArea extends Area {
  readonly ring: KeyRing;
  readonly lifecycle: KeyLifecycle;
  readonly caretaker: KeyCaretaker;
}

/** Opens the area `keys`. */
export async function openKeys({ db, log, now, barrier, use }: AreaParts): Promise<KeysArea> {
  const materials = new VersionMaterials(barrier);
  const lifecycle = new KeyLifecycle(materials, now);
  const ring = use(await CachedRing.open(db, barrier, materials));
  const caretaker = use(new KeyCaretaker({ db, log, now, barrier, lifecycle }));
  return {
    services: [KeyService],
    controllers: [KeysController],
    providers: [
      { provide: CachedRing, useValue: ring },
      { provide: KeyLifecycle, useValue: lifecycle },
      { provide: WrappingKeys, useValue: new WrappingKeys(db, barrier, now) },
      { provide: KeyBackups, useValue: new KeyBackups(db, barrier, materials) },
    ],
    begin: async () => caretaker.begin(),
    ring,
    lifecycle,
    caretaker,
  };
}

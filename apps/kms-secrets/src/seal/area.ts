import { SealService } from '@gabion/contracts/gabion/kms/v1/seal_pb';
import type { Area, AreaParts } from '../area.ts';
import type { SealConfig } from '../config.ts';
import { database } from '../db/schema.ts';
import type { Barrier } from './barrier.ts';
import { KeyEncryptionKeys } from './key-encryption-keys.ts';
import { configuredHolders, type KeyHolders } from './key-holders.ts';
import { OpenSeal } from './open-seal.ts';
import { openOpenings } from './openings/openings.ts';
import { Resealing } from './resealing.ts';
import { SealController } from './seal.controller.ts';
import { SealKeeper } from './seal-keeper.ts';
import { SealOpener } from './seal-opener.ts';

export interface SealArea extends Area {
  readonly barrier: Barrier;
}

/** Opens the area `seal`, and the seal itself where it opens by itself; `plugged` are holders that no configuration names. */
export async function openSeal(
  parts: Omit<AreaParts, 'barrier'>,
  config: SealConfig,
  plugged: KeyHolders = {},
): Promise<SealArea> {
  const { db, log, now, use } = parts;
  const seal = use(await OpenSeal.follow(db, log));
  const holders = { ...configuredHolders(config), ...plugged };
  const hasCertificate = parts.certificate !== undefined;
  const keeper = new SealKeeper({ db, log, now, config, holders, seal, hasCertificate });
  await keeper.openByItself();
  const opener = use(new SealOpener(keeper, log));
  const openings = await openOpenings(parts, seal, keeper);
  const barrier = new KeyEncryptionKeys(seal, now);
  const resealing = new Resealing({ now, seal, keeper, barrier });
  return {
    services: [SealService],
    controllers: [SealController],
    providers: [
      { provide: database, useValue: db },
      { provide: OpenSeal, useValue: seal },
      { provide: SealKeeper, useValue: keeper },
      { provide: Resealing, useValue: resealing },
    ],
    barrier,
    begin: async () => {
      opener.begin();
      openings?.begin();
      openings?.wake();
    },
  };
}

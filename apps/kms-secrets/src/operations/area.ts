import { randomUUID } from 'node:crypto';
import { CryptoService } from '@gabion/contracts/gabion/kms/v1/operations_pb';
import type { Area, AreaParts } from '../area.ts';
import type { KeysArea } from '../keys/area.ts';
import { Ciphertexts } from './ciphertexts.ts';
import { CryptoController } from './crypto.controller.ts';
import { KeyUses } from './key-uses.ts';
import { Quotas } from './quotas.ts';
import { UsageTally } from './usage-tally.ts';
import { UsageTrail } from './usage-trail.ts';

/** What the area `operations` is made from. */
export interface OperationsParts extends AreaParts {
  readonly keys: KeysArea;
}

export interface OperationsArea extends Area {
  readonly trail: UsageTrail;
}

/** Opens the area `operations`. */
export async function openOperations({ db, log, now, keys, use }: OperationsParts): Promise<OperationsArea> {
  const tally = use(new UsageTally(db, log));
  const trail = new UsageTrail(db, randomUUID(), now, tally);
  const uses = new KeyUses(keys.ring, trail, new Quotas());
  return {
    services: [CryptoService],
    controllers: [CryptoController],
    providers: [
      { provide: KeyUses, useValue: uses },
      { provide: Ciphertexts, useValue: new Ciphertexts(uses) },
    ],
    begin: async () => tally.begin(),
    trail,
  };
}

import { randomBytes } from 'node:crypto';
import { open, seal } from '@gabion/keys/aead';
import type { Area, AreaParts } from '../area.ts';
import type { SealConfig } from '../config.ts';
import type { Barrier, Space, WrapContext } from './barrier.ts';

export interface SealArea extends Area {
  readonly barrier: Barrier;
}

/** PLACEHOLDER until the seal is there (H2): a root key that lives as long as the process. */
export async function openSeal(_parts: Omit<AreaParts, 'barrier'>, _config: SealConfig): Promise<SealArea> {
  const root = randomBytes(32);
  const use = { algorithm: 'aes-256-gcm', id: '00000000-0000-4000-8000-000000000000', version: 1 } as const;
  const bound = ({ tenant, purpose }: Space, context: WrapContext) =>
    new Map([...Object.entries(context), ['space', `${purpose}/${tenant}`]] as [string, string][]);
  const barrier: Barrier = {
    isOpen: true,
    assertOpen: () => {},
    wrap: async (_tx, space, plaintext, context) => seal(root, use, plaintext, bound(space, context)),
    unwrap: async (_db, space, wrapped, context) => open(root, use, wrapped, bound(space, context)),
    onClose: () => ({ [Symbol.dispose]: () => {} }),
  };
  return { services: [], controllers: [], providers: [], barrier };
}

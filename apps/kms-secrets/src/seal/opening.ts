import { KeyError } from '@gabion/keys/key-error';
import { overwriteSoon } from '../overwriting.ts';
import { type OpenRoot, type SealPlace, unwrapRoot, unwrapSealKey } from './root-key.ts';
import type { SealRow } from './tables.ts';

export function placeOf(row: SealRow): SealPlace {
  return { installation: row.installation, generation: row.generation, rootVersion: row.root_version };
}

/** What a seal's key opens; undefined when it is another's. */
export function openedBy(sealKey: Buffer, row: SealRow): OpenRoot | undefined {
  const root = unlessRefused(() => unwrapRoot(sealKey, row.wrapped_root, placeOf(row)));
  return root && { root, rootVersion: row.root_version, sealKey, generation: row.generation };
}

/**
 * What an open replica holds after others changed the seal: a new root key is found with the seal's key, a new seal's
 * key with the root key. Undefined when both changed since it looked last.
 */
export function followed(held: OpenRoot, row: SealRow): OpenRoot | undefined {
  if (held.rootVersion === row.root_version && held.generation === row.generation) return held;
  if (held.generation === row.generation) return openedBy(held.sealKey, row);
  if (held.rootVersion !== row.root_version) return undefined;
  const sealKey = unlessRefused(() => unwrapSealKey(held.root, row.wrapped_seal_key, placeOf(row)));
  return sealKey && { ...held, sealKey, generation: row.generation };
}

/** Overwrites the keys of `held` that `kept` does not have. */
export function overwrite(held: OpenRoot | undefined, kept?: OpenRoot): void {
  if (held && held.root !== kept?.root) overwriteSoon(held.root);
  if (held && held.sealKey !== kept?.sealKey) overwriteSoon(held.sealKey);
}

function unlessRefused(work: () => Buffer): Buffer | undefined {
  try {
    return work();
  } catch (error) {
    if (error instanceof KeyError) return undefined;
    throw error;
  }
}

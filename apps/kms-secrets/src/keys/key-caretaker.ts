import { KeyState } from '@gabion/contracts/gabion/kms/v1/keys_pb';
import type { Logger } from '@gabion/telemetry/log';
import type { Clock } from '../area.ts';
import type { Database, Tx } from '../db/schema.ts';
import { Rounds } from '../rounds.ts';
import type { Barrier } from '../seal/barrier.ts';
import { type KeyLifecycle, materialFor } from './key-lifecycle.ts';
import { findKey, updateKey } from './key-store.ts';

/** How often keys that are due are looked for, in ms. */
const everyMs = 10_000;
/** Encryptions of one version, with random nonces of 12 bytes, before the next one: NIST SP 800-38D section 8.3 has 2^32. */
const mostEncryptions = 2 ** 31;

export interface CaretakerParts {
  readonly db: Database;
  readonly log: Logger;
  readonly now: Clock;
  readonly barrier: Barrier;
  readonly lifecycle: KeyLifecycle;
}

/** Rotates keys whose time has come or whose nonces run out, and destroys those whose waiting time is over. Replicas share the work by row locks. */
export class KeyCaretaker extends Rounds {
  readonly #parts: CaretakerParts;

  constructor(parts: CaretakerParts) {
    super({ everyMs, log: parts.log, complaint: 'keys that are due were not cared for, will try again' });
    this.#parts = parts;
  }

  /** One look at all keys. */
  protected async work(): Promise<void> {
    if (!this.#parts.barrier.isOpen) return;
    while (await this.#destroyOne());
    while (await this.#rotateOne());
  }

  async #destroyOne(): Promise<boolean> {
    const { db, now } = this.#parts;
    return db.transaction(async (tx) => {
      const due = await tx
        .selectFrom('keys')
        .select('id')
        .where('state', '=', KeyState.PENDING_DELETION)
        .where('destroy_time', '<=', now())
        .limit(1)
        .forUpdate()
        .skipLocked()
        .executeTakeFirst();
      if (due) await destroy(tx, due.id);
      return due !== undefined;
    });
  }

  async #rotateOne(): Promise<boolean> {
    const { db, lifecycle } = this.#parts;
    const due = await this.#dueForRotation();
    if (!due) return false;
    const material = await materialFor(due.type);
    await db.transaction(async (tx) => {
      // Another replica may have been here since.
      const key = await tx
        .selectFrom('keys')
        .select('primary_version')
        .where('id', '=', due.id)
        .forUpdate()
        .executeTakeFirst();
      if (key?.primary_version === due.primary_version) await lifecycle.rotate(tx, due.id, material);
    });
    return true;
  }

  async #dueForRotation() {
    const { db, now } = this.#parts;
    return db.kysely
      .selectFrom('keys')
      .innerJoin('key_versions', (join) =>
        join.onRef('key_versions.key_id', '=', 'keys.id').onRef('key_versions.version', '=', 'keys.primary_version'),
      )
      .select(['keys.id', 'keys.type', 'keys.primary_version'])
      .where('state', '=', KeyState.ENABLED)
      .where('is_imported', '=', false)
      .where((or) => or.or([or('next_rotation_time', '<=', now()), or('encryptions', '>=', `${mostEncryptions}`)]))
      .limit(1)
      .executeTakeFirst();
  }
}

async function destroy(tx: Tx, id: string): Promise<void> {
  const key = await findKey(tx, id);
  if (!key) return;
  await tx.updateTable('key_versions').set({ wrapped: null }).where('key_id', '=', id).execute();
  await tx.deleteFrom('key_aliases').where('key_id', '=', id).execute();
  await updateKey(tx, { ...key, state: KeyState.DESTROYED, nextRotationTime: undefined });
}

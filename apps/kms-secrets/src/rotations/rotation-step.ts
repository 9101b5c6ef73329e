import { create } from '@bufbuild/protobuf';
import { SecretRotationState } from '@gabion/contracts/gabion/kms/v1/secret_rotations_pb';
import { PutSecretRequestSchema } from '@gabion/contracts/gabion/kms/v1/secrets_pb';
import type { Clock } from '../area.ts';
import type { Database, Tx } from '../db/schema.ts';
import type { Barrier } from '../seal/barrier.ts';
import type { SecretData } from '../secrets/secret-values.ts';
import { lockedSecret, type Secrets } from '../secrets/secrets.ts';
import { type GeneratedWay, generated } from './generated-value.ts';
import { webhookHeaders } from './hook-signature.ts';
import { rotationFaults } from './rotation-faults.ts';
import { askHook, type HookAnswer } from './rotation-hook.ts';
import { assertOurs, completed, RotationLost } from './rotation-outcome.ts';
import { beginning } from './secret-rotations.ts';
import type { SigningKeys } from './signing-keys.ts';
import type { RotationWay, SecretRotationRow } from './tables.ts';

export interface RotationParts {
  readonly db: Database;
  readonly barrier: Barrier;
  readonly secrets: Secrets;
  readonly keys: SigningKeys;
  readonly now: Clock;
}

type HookWay = Extract<RotationWay, { readonly kind: 'hook' }>;

/**
 * One attempt at a rotation. Its id is stored before anything is asked, and its version in the transaction that ends it:
 * whoever goes on after a crash asks with the same id, and makes no version twice.
 */
export class RotationStep {
  constructor(private readonly parts: RotationParts) {}

  /** Throws Faults, and RotationLost when the rotation has become somebody else's. */
  async take(leased: SecretRotationRow, signal: AbortSignal): Promise<void> {
    const row = leased.rotation_id ? leased : await this.#begun(leased);
    if (row.state === SecretRotationState.AWAITING_VERSION) throw rotationFaults.notPut();
    const { way } = row;
    if (way.kind !== 'hook') return this.#generate(row, way);
    const answer = await this.#asked(row, way, signal);
    if (answer.kind === 'later') return this.#await(row, way);
    await this.parts.db.transaction((tx) => this.#store(tx, row, row.from_version, answer.data));
  }

  async #begun({ path, leased_by }: SecretRotationRow): Promise<SecretRotationRow> {
    const row = await this.parts.db.transaction(async (tx) => {
      const { current_version } = await lockedSecret(tx, path);
      return tx
        .updateTable('secret_rotations')
        .set(beginning(current_version))
        .where('path', '=', path)
        .where('leased_by', '=', leased_by)
        .returningAll()
        .executeTakeFirst();
    });
    if (!row) throw new RotationLost();
    return row;
  }

  async #generate(row: SecretRotationRow, way: GeneratedWay): Promise<void> {
    const { db, secrets } = this.parts;
    await db.transaction(async (tx) => {
      const { current_version } = await lockedSecret(tx, row.path);
      const { data } = await secrets.read(tx, row.path, current_version);
      if (!Object.hasOwn(data, way.name)) throw rotationFaults.nameMissing(way.name);
      await this.#store(tx, row, current_version, { ...data, [way.name]: generated(way) });
    });
  }

  async #asked(row: SecretRotationRow, { url, ca, putWithinSeconds }: HookWay, signal: AbortSignal) {
    const { db, keys, now } = this.parts;
    const id = row.rotation_id ?? '';
    const { path, from_version: currentVersion, attempts } = row;
    const body = JSON.stringify({ rotationId: id, path, currentVersion, attempt: attempts + 1, putWithinSeconds });
    const timeSeconds = Math.floor(now().getTime() / 1000);
    const key = await keys.opened(db, row);
    const headers = webhookHeaders({ id, timeSeconds, body }, key);
    key.fill(0);
    return askHook({ url, ca, headers, body }, signal) satisfies Promise<HookAnswer>;
  }

  /** The hook may have put the version before it answered. */
  async #await(row: SecretRotationRow, { putWithinSeconds }: HookWay): Promise<void> {
    const now = this.parts.now();
    await this.parts.db.transaction(async (tx) => {
      const { current_version } = await lockedSecret(tx, row.path);
      await assertOurs(tx, row);
      if (current_version > row.from_version) return completed(tx, row, current_version, now);
      await tx
        .updateTable('secret_rotations')
        .set({
          state: SecretRotationState.AWAITING_VERSION,
          next_time: new Date(now.getTime() + putWithinSeconds * 1000),
          leased_by: null,
          lease_until: null,
        })
        .where('path', '=', row.path)
        .execute();
    });
  }

  async #store(tx: Tx, row: SecretRotationRow, expectedVersion: number, data: SecretData): Promise<void> {
    const { secrets, now } = this.parts;
    const request = create(PutSecretRequestSchema, { path: row.path, data, expectedVersion });
    const { secret } = await secrets.put(tx, request);
    await assertOurs(tx, row);
    await completed(tx, row, secret.current_version, now());
  }
}

/** Ends the rotation whose hook was to put a version, once there is one. */
export async function versionPut(tx: Tx, path: string, now: Date): Promise<void> {
  const row = await tx
    .selectFrom('secret_rotations')
    .innerJoin('secrets', 'secrets.path', 'secret_rotations.path')
    .selectAll('secret_rotations')
    .select('secrets.current_version')
    .where('secret_rotations.path', '=', path)
    .where('secret_rotations.state', '=', SecretRotationState.AWAITING_VERSION)
    .whereRef('secrets.current_version', '>', 'secret_rotations.from_version')
    .forUpdate('secret_rotations')
    .executeTakeFirst();
  if (row) await completed(tx, row, row.current_version, now);
}

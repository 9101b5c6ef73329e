import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import {
  type PutSecretRotationRequest,
  SecretRotationState,
} from '@gabion/contracts/gabion/kms/v1/secret_rotations_pb';
import type { Kysely } from 'kysely';
import type { Clock } from '../area.ts';
import type { Schema, Tx } from '../db/schema.ts';
import { secretFaults } from '../secrets/secret-faults.ts';
import { lockedSecret, type Secrets } from '../secrets/secrets.ts';
import { rotationFaults } from './rotation-faults.ts';
import { periodOf, wayOf } from './rotation-way.ts';
import type { SigningKeys } from './signing-keys.ts';
import type { RotationWay, SecretRotationRow } from './tables.ts';

/**
 * Which secrets are rotated, and how. Whoever changes both a secret and its rotation locks the secret first, as a put of
 * a version does.
 */
export class SecretRotations {
  constructor(
    private readonly secrets: Secrets,
    private readonly keys: SigningKeys,
    private readonly now: Clock,
  ) {}

  /** Sets how a secret is rotated; `made` is the signing secret that its hook needs to be told, if one was made. */
  async put(
    tx: Tx,
    request: PutSecretRotationRequest,
  ): Promise<{ readonly row: SecretRotationRow; readonly made: string }> {
    const { path, signingSecret } = request;
    const [period_seconds, way] = [periodOf(request.period), wayOf(request)];
    await lockedSecret(tx, path);
    if (way.kind !== 'hook') await this.#assertName(tx, path, way.name);
    const before = await findRotation(tx, path);
    const { signing_key, made } = await this.#signing(tx, path, way, signingSecret, before);
    const isSame = before !== undefined && isDeepStrictEqual(before.way, way) && !signingSecret;
    const goesOn = isSame && before.state !== SecretRotationState.SCHEDULED;
    const settings = { period_seconds, way: JSON.stringify(way), signing_key };
    const [create_time, last_time] = [before?.create_time ?? this.now(), before?.last_time ?? null];
    const anew = { ...idle, next_time: this.#after(last_time ?? create_time, period_seconds) };
    const row = await tx
      .insertInto('secret_rotations')
      .values({ path, ...settings, ...anew, create_time, last_time, last_version: before?.last_version ?? 0 })
      .onConflict((conflict) => conflict.column('path').doUpdateSet({ ...settings, ...(!goesOn && anew) }))
      .returningAll()
      .executeTakeFirstOrThrow();
    return { row, made };
  }

  /** Begins a rotation now; one that is under way goes on at once. */
  async rotate(tx: Tx, path: string, expectedVersion: number | undefined): Promise<SecretRotationRow> {
    const { current_version } = await lockedSecret(tx, path);
    const row = await rotationOf(tx, path);
    if (expectedVersion !== undefined && expectedVersion !== current_version)
      throw secretFaults.replaced(current_version);
    if (row.state === SecretRotationState.AWAITING_VERSION) return row;
    const begun = row.rotation_id === null ? beginning(current_version) : {};
    return tx
      .updateTable('secret_rotations')
      .set({ ...begun, next_time: this.now() })
      .where('path', '=', path)
      .returningAll()
      .executeTakeFirstOrThrow();
  }

  async delete(tx: Tx, path: string): Promise<void> {
    await tx.deleteFrom('secret_rotations').where('path', '=', path).execute();
  }

  /** A name that is not there is told now, and not when the time has come. */
  async #assertName(tx: Tx, path: string, name: string): Promise<void> {
    const { data } = await this.secrets.read(tx, path, 0);
    if (!Object.hasOwn(data, name)) throw rotationFaults.nameMissing(name);
  }

  async #signing(tx: Tx, path: string, way: RotationWay, given: string, before: SecretRotationRow | undefined) {
    if (way.kind !== 'hook') {
      if (given) throw secretFaults.invalid('signing_secret', 'is for hooks only');
      return { signing_key: null, made: '' };
    }
    if (before?.signing_key && !given) return { signing_key: before.signing_key, made: '' };
    const { key, made } = await this.keys.closed(tx, path, given);
    return { signing_key: key, made };
  }

  #after(last: Date, periodSeconds: number): Date {
    return new Date(Math.max(this.now().getTime(), last.getTime() + periodSeconds * 1000));
  }
}

/** Between rotations. */
export const idle = {
  state: SecretRotationState.SCHEDULED,
  rotation_id: null,
  from_version: 0,
  attempts: 0,
  error_code: '',
  error_message: '',
  leased_by: null,
  lease_until: null,
};

/** At the beginning of a rotation, whose id is new. */
export function beginning(from_version: number) {
  const rotation_id = randomUUID();
  return {
    state: SecretRotationState.ROTATING,
    rotation_id,
    from_version,
    attempts: 0,
    error_code: '',
    error_message: '',
  };
}

/** Throws `secret_rotation_unknown`. */
export async function rotationOf(db: Kysely<Schema>, path: string): Promise<SecretRotationRow> {
  const row = await findRotation(db, path);
  if (!row) throw rotationFaults.unknown();
  return row;
}

async function findRotation(db: Kysely<Schema>, path: string): Promise<SecretRotationRow | undefined> {
  return db.selectFrom('secret_rotations').selectAll().where('path', '=', path).executeTakeFirst();
}

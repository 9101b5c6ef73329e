import { randomUUID } from 'node:crypto';
import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import { SecretRotatedSchema, SecretRotationFailedSchema } from '@gabion/contracts/gabion/kms/v1/events_pb';
import { SecretRotationState } from '@gabion/contracts/gabion/kms/v1/secret_rotations_pb';
import { publish } from '@gabion/events/publish';
import { auditOwn } from '@gabion/service/audit';
import type { Tx } from '../db/schema.ts';
import { idle } from './secret-rotations.ts';
import type { SecretRotationRow } from './tables.ts';

/** Attempts at one rotation, and the pauses between them, which are doubled each time: 43 minutes in all. */
const most = { attempts: 10, pauseMs: 3_600_000 };
const firstPauseMs = 5000;
/** How long a rotation that was given up rests, at most. */
const mostRestMs = 86_400_000;

/** A rotation that is somebody else's by now: another replica has it, or its settings were changed. */
export class RotationLost extends Error {
  override readonly name = 'RotationLost';
}

/** Throws RotationLost unless the rotation is still the one that was leased. */
export async function assertOurs(tx: Tx, { path, leased_by, rotation_id }: SecretRotationRow): Promise<void> {
  const found = await tx
    .selectFrom('secret_rotations')
    .select(['leased_by', 'rotation_id'])
    .where('path', '=', path)
    .forUpdate()
    .executeTakeFirst();
  if (found?.leased_by !== leased_by || found.rotation_id !== rotation_id) throw new RotationLost();
}

/** The rotation has made `version`; the next one is a period away. */
export async function completed(tx: Tx, row: SecretRotationRow, version: number, now: Date): Promise<void> {
  const { path, period_seconds } = row;
  const next_time = new Date(now.getTime() + period_seconds * 1000);
  await tx
    .updateTable('secret_rotations')
    .set({ ...idle, last_time: now, last_version: version, next_time })
    .where('path', '=', path)
    .execute();
  const rotationId = row.rotation_id ?? '';
  const event = { path, rotationId, version, time: timestampFromDate(now) };
  await publish(tx, SecretRotatedSchema, event, { source: 'kms-secrets' });
  const details = { rotation: rotationId, version: `${version}` };
  await auditOwn(tx, 'secrets.rotate', { service: 'kms-secrets', resource: `secrets/${path}`, details }, now);
}

export interface RotationFailure {
  readonly code: string;
  readonly message: string;
}

/** An attempt has failed: there is another one later, or the rotation is given up, which is told. */
export async function failed(
  tx: Tx,
  row: SecretRotationRow,
  { code, message }: RotationFailure,
  now: Date,
): Promise<void> {
  const attempts = row.attempts + 1;
  const error = { attempts, error_code: code, error_message: message };
  if (attempts >= most.attempts) return givenUp(tx, row, error, now);
  const waitMs = Math.min(most.pauseMs, firstPauseMs * 2 ** row.attempts);
  await tx
    .updateTable('secret_rotations')
    .set({
      ...error,
      state: SecretRotationState.ROTATING,
      next_time: new Date(now.getTime() + waitMs),
      leased_by: null,
      lease_until: null,
      ...(code === 'expected_version_differs' && (await anew(tx, row.path))),
    })
    .where('path', '=', row.path)
    .execute();
}

/** What was to be replaced is not current any more, so that the next attempt is another rotation. */
async function anew(tx: Tx, path: string) {
  const { current_version } = await tx
    .selectFrom('secrets')
    .select('current_version')
    .where('path', '=', path)
    .executeTakeFirstOrThrow();
  return { rotation_id: randomUUID(), from_version: current_version };
}

type RotationError = Pick<SecretRotationRow, 'attempts' | 'error_code' | 'error_message'>;

async function givenUp(tx: Tx, row: SecretRotationRow, error: RotationError, now: Date): Promise<void> {
  const { path, rotation_id, from_version, period_seconds } = row;
  const next_time = new Date(now.getTime() + Math.min(mostRestMs, period_seconds * 1000));
  await tx
    .updateTable('secret_rotations')
    .set({ ...idle, ...error, state: SecretRotationState.FAILED, next_time })
    .where('path', '=', path)
    .execute();
  await publish(
    tx,
    SecretRotationFailedSchema,
    {
      path,
      rotationId: rotation_id ?? '',
      fromVersion: from_version,
      attempts: error.attempts,
      code: error.error_code,
      nextTime: timestampFromDate(next_time),
      time: timestampFromDate(now),
    },
    { source: 'kms-secrets' },
  );
}

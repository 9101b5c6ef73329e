import type { MessageInitShape } from '@bufbuild/protobuf';
import { durationFromMs, timestampFromDate } from '@bufbuild/protobuf/wkt';
import type { SecretRotationSchema } from '@gabion/contracts/gabion/kms/v1/secret_rotations_pb';
import type { RotationWay, SecretRotationRow } from './tables.ts';

type Rotation = MessageInitShape<typeof SecretRotationSchema>;

/** A rotation as callers see it. */
export function rotationMessage(row: SecretRotationRow): Rotation {
  const { last_time } = row;
  return {
    path: row.path,
    period: durationFromMs(row.period_seconds * 1000),
    way: wayMessage(row.way),
    state: row.state,
    rotationId: row.rotation_id ?? '',
    fromVersion: row.from_version,
    attempts: row.attempts,
    nextTime: timestampFromDate(row.next_time),
    lastVersion: row.last_version,
    errorCode: row.error_code,
    errorMessage: row.error_message,
    createTime: timestampFromDate(row.create_time),
    ...(last_time && { lastTime: timestampFromDate(last_time) }),
  };
}

function wayMessage(way: RotationWay): NonNullable<Rotation['way']> {
  switch (way.kind) {
    case 'hook': {
      const { url, ca: caPem, putWithinSeconds } = way;
      return { case: 'hook', value: { url, caPem, putWithinSeconds } };
    }
    case 'bytes':
      return { case: 'generated', value: { name: way.name, randomBytes: way.bytes } };
    case 'characters': {
      const { name, length, characters } = way;
      return { case: 'generated', value: { name, length, characters } };
    }
    default:
      throw way satisfies never;
  }
}

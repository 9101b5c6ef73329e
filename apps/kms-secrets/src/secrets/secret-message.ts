import type { MessageInitShape } from '@bufbuild/protobuf';
import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import type { SecretSchema, SecretVersionSchema } from '@gabion/contracts/gabion/kms/v1/secrets_pb';
import type { KnownSecret } from './secrets.ts';
import type { SecretVersionRow } from './tables.ts';

/** A secret as callers see it: without its values. */
export function secretMessage({ secret, versions }: KnownSecret): MessageInitShape<typeof SecretSchema> {
  return {
    path: secret.path,
    metadata: secret.metadata,
    currentVersion: secret.current_version,
    versions: versions.map(versionMessage),
    settings: { maxVersions: secret.max_versions, requiresExpectedVersion: secret.requires_expected_version },
    createTime: timestampFromDate(secret.create_time),
  };
}

function versionMessage(row: SecretVersionRow): MessageInitShape<typeof SecretVersionSchema> {
  const { version, create_time, expire_time, delete_time, wrapped } = row;
  const expireTime = expire_time && timestampFromDate(expire_time);
  const deleteTime = delete_time && timestampFromDate(delete_time);
  return {
    version,
    createTime: timestampFromDate(create_time),
    isDestroyed: wrapped === null,
    ...(expireTime && { expireTime }),
    ...(deleteTime && { deleteTime }),
  };
}

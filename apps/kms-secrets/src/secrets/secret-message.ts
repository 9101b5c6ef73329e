import type { MessageInitShape } from '@bufbuild/protobuf';
import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import type { SecretSchema, SecretVersionSchema } from '@gabion/contracts/gabion/kms/v1/secrets_pb';
import type { KnownSecret } from './secrets.ts';
import type { SecretVersionFacts } from './tables.ts';

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

function versionMessage(row: SecretVersionFacts): MessageInitShape<typeof SecretVersionSchema> {
  const { version, create_time, expire_time, delete_time, is_destroyed: isDestroyed } = row;
  const expireTime = expire_time && timestampFromDate(expire_time);
  const deleteTime = delete_time && timestampFromDate(delete_time);
  return {
    version,
    createTime: timestampFromDate(create_time),
    isDestroyed,
    ...(expireTime && { expireTime }),
    ...(deleteTime && { deleteTime }),
  };
}

import type { MessageInitShape } from '@bufbuild/protobuf';
import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import type { KeySchema, ListKeyUsersResponseSchema } from '@gabion/contracts/gabion/kms/v1/keys_pb';
import type { KeyRecord } from './key-ring.ts';
import type { recentCallersOf } from './key-users.ts';
import type { KeyUserRow } from './tables.ts';

/** A key as callers see it. */
export function keyMessage(key: KeyRecord): MessageInitShape<typeof KeySchema> {
  const { destroyTime, nextRotationTime } = key;
  return {
    id: key.id,
    name: key.name,
    aliases: [...key.aliases],
    tenant: key.tenant,
    type: key.type,
    state: key.state,
    primaryVersion: key.primaryVersion,
    settings: key.settings,
    policy: key.policy,
    isExportable: key.isExportable,
    createTime: timestampFromDate(key.createTime),
    ...(destroyTime && { destroyTime: timestampFromDate(destroyTime) }),
    ...(nextRotationTime && { nextRotationTime: timestampFromDate(nextRotationTime) }),
    versions: key.versions.map(({ version, createTime, isImported, encryptions }) => ({
      version,
      createTime: timestampFromDate(createTime),
      isImported,
      encryptions,
    })),
  };
}

/** Who depends on a key and who used it lately, as callers see them. */
export function usersMessage(
  users: readonly KeyUserRow[],
  callers: Awaited<ReturnType<typeof recentCallersOf>>,
): MessageInitShape<typeof ListKeyUsersResponseSchema> {
  return {
    users: users.map(({ kind, name, versions, last_use_time: time }) => ({
      kind,
      name,
      versions,
      ...(time && { lastUseTime: timestampFromDate(time) }),
    })),
    recentCallers: callers.map(({ caller_kind: kind, caller_id: name, last_use_time: time }) => ({
      kind,
      name,
      lastUseTime: timestampFromDate(time),
    })),
  };
}

/** The `kid` of a version's JWK. */
export function jwkIdOf(keyId: string, version: number): string {
  return `${keyId}.${version}`;
}

/** The version that a `kid` claims; undefined for one of another form. */
export function versionIn(kid: string): number | undefined {
  const [, version] = /^[^.]+\.([1-9]\d{0,8})$/.exec(kid) ?? [];
  return version === undefined ? undefined : Number(version);
}

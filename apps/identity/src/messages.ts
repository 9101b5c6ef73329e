import type { MessageInitShape } from '@bufbuild/protobuf';
import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import type { TokenSchema } from '@gabion/contracts/gabion/identity/v1/tokens_pb';
import type { ServiceAccountSchema, UserSchema } from '@gabion/contracts/gabion/identity/v1/users_pb';
import { CallerKind } from '@gabion/trust/caller';
import type { Subject, SubjectKind } from './subjects.ts';
import type { OwnedToken } from './tokens.ts';

export function userMessage({
  id,
  name,
  email,
  roles,
  disabled,
  create_time,
}: Subject): MessageInitShape<typeof UserSchema> {
  return { id, name, email, roles: [...roles], disabled, createTime: timestampFromDate(create_time) };
}

export function serviceAccountMessage(subject: Subject): MessageInitShape<typeof ServiceAccountSchema> {
  const { id, name, description, roles, create_time } = subject;
  return { id, name, description, roles: [...roles], createTime: timestampFromDate(create_time) };
}

export function tokenMessage(token: OwnedToken): MessageInitShape<typeof TokenSchema> {
  const { id, name, prefix } = token;
  return {
    id,
    name,
    prefix,
    ownerKind: kindOf(token.owner_kind),
    ownerId: token.owner_id,
    ownerName: token.owner_name,
    createTime: timestampFromDate(token.create_time),
    expireTime: timestampFromDate(token.expire_time),
    ...(token.last_use_time && { lastUseTime: timestampFromDate(token.last_use_time) }),
    ...(token.revoke_time && { revokeTime: timestampFromDate(token.revoke_time) }),
  };
}

export function kindOf(kind: SubjectKind): CallerKind {
  return kind === 'user' ? CallerKind.USER : CallerKind.SERVICE_ACCOUNT;
}

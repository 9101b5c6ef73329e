import { Fault } from '@gabion/rpc/fault';

/** Somebody who depends on a key. */
export interface User {
  readonly kind: string;
  readonly name: string;
}

/** Users that a refusal names; the rest are counted. */
const namedUsers = 10;

/** What callers are told of keys that cannot do what was asked. */
export const keyFaults = {
  unknown: () => new Fault('not_found', 'there is no such key', { code: 'key_unknown' }),
  disabled: () => new Fault('failed_precondition', 'the key is disabled', { code: 'key_disabled' }),
  pendingDeletion: () =>
    new Fault('failed_precondition', 'the key waits for its deletion', { code: 'key_pending_deletion' }),
  destroyed: () => new Fault('failed_precondition', 'the key is destroyed', { code: 'key_destroyed' }),
  versionUnknown: () => new Fault('not_found', 'the key has no such version', { code: 'version_unknown' }),
  belowMinimum: (minimum: number) =>
    new Fault('failed_precondition', `versions below ${minimum} open nothing any more`, {
      code: 'version_below_minimum',
    }),
  unsuitable: (what: string) =>
    new Fault('failed_precondition', `a key of this type does not ${what}`, { code: 'key_type_unsuitable' }),
  nameTaken: (name: string) =>
    new Fault('already_exists', `there is a key or an alias "${name}"`, { code: 'key_name_taken' }),
  inUse: (users: readonly User[]) => {
    const named = users.slice(0, namedUsers).map(({ kind, name }) => `${kind} ${name}`);
    const more = users.length > namedUsers ? ` and ${users.length - namedUsers} more` : '';
    return new Fault('failed_precondition', `the key is in use by ${named.join(', ')}${more}`, { code: 'key_in_use' });
  },
  invalid: (field: string, message: string, code = 'field_invalid') =>
    new Fault('invalid_argument', `${field} ${message}`, { code, fields: [{ field, code, message }] }),
};

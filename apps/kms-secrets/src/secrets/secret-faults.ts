import { Fault } from '@gabion/rpc/fault';

const precondition = (code: string, message: string) => new Fault('failed_precondition', message, { code });

/** What callers are told of secrets. */
export const secretFaults = {
  unknown: () => new Fault('not_found', 'there is no such secret', { code: 'secret_unknown' }),
  versionUnknown: () => new Fault('not_found', 'the secret has no such version', { code: 'secret_version_unknown' }),
  deleted: () => precondition('secret_version_deleted', 'that version is deleted; it can be brought back'),
  destroyed: () => precondition('secret_version_destroyed', 'that version is destroyed'),
  expired: () => precondition('secret_version_expired', 'that version has expired'),
  expectationMissing: () =>
    precondition(
      'expected_version_required',
      'this secret is only changed by those who say which version they replace',
    ),
  replaced: (current: number) =>
    new Fault('aborted', `the current version is ${current}`, { code: 'expected_version_differs' }),
  leaseUnknown: () => new Fault('not_found', 'there is no such lease of yours', { code: 'lease_unknown' }),
  leaseEnded: () => precondition('lease_ended', 'the lease has ended; read the secret again'),
  invalid: (field: string, message: string) =>
    new Fault('invalid_argument', `${field} ${message}`, {
      code: 'field_invalid',
      fields: [{ field, code: 'field_invalid', message }],
    }),
};

import { Fault } from '@gabion/rpc/fault';

/** What callers of a service that is not open are told. */
export const sealFaults = {
  notInitialised: () =>
    new Fault('failed_precondition', 'the key service is not initialised: gabion seal init', {
      code: 'seal_not_initialised',
    }),
  alreadyInitialised: () =>
    new Fault('already_exists', 'the key service is initialised already', { code: 'seal_already_initialised' }),
  sealed: () => new Fault('unavailable', 'the key service is sealed', { code: 'sealed' }),
  /** Another replica may have closed the seal or disabled a key: a guess is worse than a refusal. */
  unconfirmed: () =>
    new Fault('unavailable', 'the database has not confirmed for a while that the service is open', {
      code: 'seal_unconfirmed',
      retryAfterMs: 1000,
    }),
  sharesRefused: () =>
    new Fault('permission_denied', 'the shares do not open the seal; all given so far are forgotten', {
      code: 'shares_refused',
    }),
  notByShares: () =>
    new Fault('failed_precondition', 'this seal is not opened by shares', { code: 'seal_kind_unsuitable' }),
  resealInProgress: (id: string) =>
    new Fault('failed_precondition', `the reseal ${id} is in progress: finish or cancel it first`, {
      code: 'reseal_in_progress',
    }),
  resealUnknown: () => new Fault('not_found', 'there is no such reseal', { code: 'reseal_unknown' }),
  resealUnauthorised: () =>
    new Fault('failed_precondition', 'the holders of the present seal have not authorised the reseal', {
      code: 'reseal_unauthorised',
    }),
  settingsInvalid: (field: string, message: string) =>
    new Fault('invalid_argument', message, {
      code: 'seal_settings_invalid',
      fields: [{ field, code: 'seal_settings_invalid', message }],
    }),
};

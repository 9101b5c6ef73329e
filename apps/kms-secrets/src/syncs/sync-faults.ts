import { Fault } from '@gabion/rpc/fault';

/** What callers are told of syncs. */
export const syncFaults = {
  unknown: () => new Fault('not_found', 'there is no such sync', { code: 'secret_sync_unknown' }),
  unreadable: () =>
    new Fault('permission_denied', 'a sync hands the secret out: it takes the permission secrets.read, too', {
      code: 'secret_read_required',
    }),
  ofAnother: (name: string) =>
    new Fault('failed_precondition', `the Secret ${name} is there and not Gabion's: adopt it, or name another`, {
      code: 'target_of_another',
    }),
  keyMissing: (name: string) =>
    new Fault('failed_precondition', `the secret has no value ${name}`, { code: 'secret_key_missing' }),
  keyInvalid: (key: string) =>
    new Fault('failed_precondition', `a Secret of Kubernetes cannot have the key ${key}: map it to another`, {
      code: 'target_key_invalid',
    }),
};

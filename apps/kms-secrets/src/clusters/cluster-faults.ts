import { Fault } from '@gabion/rpc/fault';

/** What callers are told of clusters. */
export const clusterFaults = {
  unknown: (cluster: string) =>
    new Fault('not_found', `there is no encryption of a cluster ${cluster}`, { code: 'cluster_unknown' }),
  inUse: (why: string) =>
    new Fault('failed_precondition', `the cluster still needs its key: ${why}`, { code: 'cluster_in_use' }),
  notAllowed: () =>
    new Fault('permission_denied', 'the keys of this cluster are for the service accounts that it names', {
      code: 'plugin_not_allowed',
    }),
  kubeconfigMissing: () =>
    new Fault('failed_precondition', 'a storage migration needs a kubeconfig of the cluster', {
      code: 'kubeconfig_missing',
    }),
  migrationUnknown: () => new Fault('not_found', 'there is no such migration', { code: 'migration_unknown' }),
  migrationRunning: (id: string) =>
    new Fault('already_exists', `the migration ${id} of this cluster has not ended`, { code: 'migration_running' }),
  invalid: (field: string, message: string, code = 'field_invalid') =>
    new Fault('invalid_argument', `${field} ${message}`, { code, fields: [{ field, code, message }] }),
};

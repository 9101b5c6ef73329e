import type { Migration } from '@gabion/postgres/migrate';

/** Credentials of scans are with kms-secrets. What waits with some that an earlier version sealed has to be ordered again. */
export const scanCredentialsMigration: Migration = {
  id: '0009-scan-credentials',
  sql: `
      alter table scans add column has_credentials boolean not null default false;
      update scans set has_credentials = true, home = null where credentials is not null;
      alter table scans drop column credentials;`,
};

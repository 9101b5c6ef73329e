import type { Migration } from '@gabion/postgres/migrate';

/** Credentials are with kms-secrets. What an earlier version sealed by itself is dropped: it has to be given again. */
export const registryCredentialsMigration: Migration = {
  id: '0008-registry-credentials',
  sql: `
      alter table registries add column has_credentials boolean not null default false;
      alter table registries drop column credentials, drop column key_id;`,
};

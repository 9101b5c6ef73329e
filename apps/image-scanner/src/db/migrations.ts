import type { Migration } from '@gabion/postgres/migrate';
import { scansMigration } from './0001-scans.ts';
import { advisoriesMigration } from './0002-advisories.ts';
import { packageTypesMigration } from './0003-package-types.ts';
import { componentsMigration } from './0004-components.ts';
import { feedsMigration } from './0005-feeds.ts';
import { registriesMigration } from './0006-registries.ts';
import { reportsMigration } from './0007-reports.ts';
import { registryCredentialsMigration } from './0008-registry-credentials.ts';
import { scanCredentialsMigration } from './0009-scan-credentials.ts';

/** The schema of the service's database, oldest step first. */
export const migrations: readonly Migration[] = [
  scansMigration,
  advisoriesMigration,
  packageTypesMigration,
  componentsMigration,
  feedsMigration,
  registriesMigration,
  reportsMigration,
  registryCredentialsMigration,
  scanCredentialsMigration,
];

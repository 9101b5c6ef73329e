import type { Migration } from '@gabion/postgres/migrate';
import { clusterMigrations } from '../clusters/tables.ts';
import { keyMigration } from '../keys/tables.ts';
import { operationMigration } from '../operations/tables.ts';
import { rotationMigration } from '../rotations/tables.ts';
import { openingMigration } from '../seal/openings/tables.ts';
import { attestedSealMigration, heldSealMigration, sealMigration } from '../seal/tables.ts';
import {
  credentialExpiryMigration,
  credentialMigration,
  secretMigration,
  secretPolicyMigration,
} from '../secrets/tables.ts';
import { syncMigration } from '../syncs/tables.ts';

/** The schema of `kms-secrets`, forward only. */
export const migrations: readonly Migration[] = [
  sealMigration,
  keyMigration,
  operationMigration,
  credentialMigration,
  ...clusterMigrations,
  secretMigration,
  heldSealMigration,
  syncMigration,
  credentialExpiryMigration,
  openingMigration,
  attestedSealMigration,
  rotationMigration,
  secretPolicyMigration,
];

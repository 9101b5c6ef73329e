import type { Database as AnyDatabase, Tx as AnyTx } from '@gabion/postgres/database';
import type { ClusterTables } from '../clusters/tables.ts';
import type { KeyTables } from '../keys/tables.ts';
import type { OperationTables } from '../operations/tables.ts';
import type { RotationTables } from '../rotations/tables.ts';
import type { OpeningTables } from '../seal/openings/tables.ts';
import type { SealTables } from '../seal/tables.ts';
import type { SecretTables } from '../secrets/tables.ts';
import type { SyncTables } from '../syncs/tables.ts';

export interface Schema
  extends SealTables,
    OpeningTables,
    KeyTables,
    OperationTables,
    SecretTables,
    ClusterTables,
    SyncTables,
    RotationTables {}

export type Database = AnyDatabase<Schema>;
export type Tx = AnyTx<Schema>;

/** Token under which NestJS provides the database. */
export const database = Symbol('database');

import { setTimeout as pause } from 'node:timers/promises';
import { toJson } from '@bufbuild/protobuf';
import {
  ClusterEncryptionService,
  type StorageMigration,
  StorageMigrationSchema,
  StorageMigrationState,
} from '@gabion/contracts/gabion/kms/v1/clusters_pb';
import { type AskOptions, askPlatform, print } from './asking.ts';
import { exitCodes } from './complaint.ts';
import { showProgress } from './progress.ts';
import { day, table } from './table.ts';

const roundMs = 1000;

/** Begins a migration, and waits for its end unless told. */
export async function migrate(cluster: string, options: AskOptions & { readonly detach?: true }): Promise<void> {
  const ended = await askPlatform(options, async ({ client, as }) => {
    const service = client(ClusterEncryptionService);
    let migration = await service.createStorageMigration({ cluster }, as);
    if (options.detach) return migration;
    using progress = showProgress();
    while (!migration.endTime) {
      progress.at(sentence(migration));
      await pause(roundMs);
      migration = await service.getStorageMigration({ id: migration.id }, as);
    }
    return migration;
  });
  if (!options.detach && ended.state !== StorageMigrationState.SUCCEEDED) process.exitCode = exitCodes.no;
  show([ended], options);
}

export async function listMigrations(cluster: string, options: AskOptions): Promise<void> {
  const { migrations } = await askPlatform(options, ({ client, as }) =>
    client(ClusterEncryptionService).listStorageMigrations({ cluster }, as),
  );
  if (options.json) return print({ migrations: migrations.map(jsonOf) });
  if (migrations.length === 0) process.stdout.write(`There was no migration: gabion clusters migrate ${cluster}\n`);
  else show(migrations, options);
}

export async function cancelMigration(id: string, options: AskOptions): Promise<void> {
  const migration = await askPlatform(options, ({ client, as }) =>
    client(ClusterEncryptionService).cancelStorageMigration({ id }, as),
  );
  show([migration], options);
}

function sentence({ state, found, written, conflicts, failed }: StorageMigration): string {
  if (state === StorageMigrationState.WAITING)
    return 'Waiting until every API server is sure to write with the present key (some 3 minutes after a rotation)';
  return `${found} values found, ${written} written, ${conflicts} written by others, ${failed} refused`;
}

function show(migrations: readonly StorageMigration[], { json }: AskOptions): void {
  const [first] = migrations;
  if (json && first) return print(jsonOf(first));
  const rows = migrations.map((migration) => [
    migration.id,
    nameOf(migration),
    String(migration.written),
    String(migration.conflicts),
    String(migration.failed),
    day(migration.createTime),
    migration.errorCode ? `${migration.errorMessage} [${migration.errorCode}]` : '',
  ]);
  process.stdout.write(table(['MIGRATION', 'STATE', 'WRITTEN', 'BY OTHERS', 'REFUSED', 'BEGUN', 'ERROR'], rows));
}

function nameOf({ state }: StorageMigration): string {
  return (StorageMigrationState[state] ?? 'unknown').toLowerCase();
}

function jsonOf(migration: StorageMigration) {
  return toJson(StorageMigrationSchema, migration, { alwaysEmitImplicit: true });
}

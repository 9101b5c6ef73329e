import { toJson } from '@bufbuild/protobuf';
import { durationMs } from '@bufbuild/protobuf/wkt';
import { type Key, KeySchema, KeyState } from '@gabion/contracts/gabion/kms/v1/keys_pb';
import { type AskOptions, print } from './asking.ts';
import { keyTypeName } from './key-type.ts';
import { day, table } from './table.ts';

const dayMs = 86_400_000;

/** Prints one key. */
export function show(key: Key, { json }: AskOptions): void {
  if (json) print(jsonOf(key));
  else process.stdout.write(tableOf([key]));
}

export function jsonOf(key: Key) {
  return toJson(KeySchema, key, { alwaysEmitImplicit: true });
}

export function tableOf(keys: readonly Key[]): string {
  const rows = keys.map(({ name, type, state, primaryVersion, createTime, nextRotationTime, id }) => [
    name,
    keyTypeName(type),
    (KeyState[state] ?? 'unknown').toLowerCase().replaceAll('_', ' '),
    String(primaryVersion),
    day(createTime),
    day(nextRotationTime),
    id,
  ]);
  return table(['NAME', 'TYPE', 'STATE', 'VERSION', 'MADE', 'ROTATES', 'ID'], rows);
}

/** What is set of a key, and its versions. */
export function details(key: Key): string {
  const set = facts(key).filter(([, value]) => value !== '' && value !== '0');
  const rows = key.versions.map(({ version, createTime, isImported, encryptions }) => [
    String(version),
    day(createTime),
    isImported ? 'imported' : 'made here',
    String(encryptions),
  ]);
  const lines = set.length === 0 ? '' : `\n${set.map(([name, value]) => `${name}: ${value}\n`).join('')}`;
  return `${lines}\n${table(['VERSION', 'MADE', 'ORIGIN', 'ENCRYPTIONS'], rows)}`;
}

/** Of a policy. */
export function counted(statements: number): string {
  return statements === 1 ? '1 statement' : `${statements} statements`;
}

function facts({ tenant, aliases, isExportable, settings, policy, destroyTime }: Key): [string, string][] {
  const statements = policy?.statements.length ?? 0;
  const period = settings?.rotationPeriod && durationMs(settings.rotationPeriod) / dayMs;
  return [
    ['description', settings?.description ?? ''],
    ['tenant', tenant === 'default' ? '' : tenant],
    ['aliases', aliases.join(', ')],
    [
      'labels',
      Object.entries(settings?.labels ?? {})
        .map((each) => each.join('='))
        .join(', '),
    ],
    ['rotates every', period ? `${period} days` : ''],
    ['opens versions from', (settings?.minVersion ?? 1) > 1 ? String(settings?.minVersion) : ''],
    ['needs context', settings?.requiredContext.join(', ') ?? ''],
    ['operations per second', String(settings?.maxOperationsPerSecond ?? 0)],
    ['policy', statements === 0 ? '' : `${counted(statements)}: gabion keys policy show`],
    ['exportable', isExportable ? 'yes' : ''],
    ['destroyed on', destroyTime ? day(destroyTime) : ''],
  ];
}

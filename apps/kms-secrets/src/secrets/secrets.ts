import { timestampDate } from '@bufbuild/protobuf/wkt';
import type { PutSecretRequest } from '@gabion/contracts/gabion/kms/v1/secrets_pb';
import { type Kysely, sql } from 'kysely';
import type { Clock } from '../area.ts';
import type { Schema, Tx } from '../db/schema.ts';
import { secretFaults } from './secret-faults.ts';
import { maxSecretBytes, type SecretData, type SecretValues } from './secret-values.ts';
import type { SecretRow, SecretVersionFacts, SecretVersionRow } from './tables.ts';

const defaultVersions = 10;

/** A secret with its versions, without values. */
export interface KnownSecret {
  readonly secret: SecretRow;
  readonly versions: readonly SecretVersionFacts[];
}

/** Versioned secrets by path; each step is part of the caller's transaction. */
export class Secrets {
  readonly #following: ((tx: Tx, path: string) => Promise<void>)[] = [];

  constructor(
    private readonly values: SecretValues,
    private readonly now: Clock,
  ) {}

  /** Has `follow` run in each transaction that changes what there is to read. */
  onChange(follow: (tx: Tx, path: string) => Promise<void>): void {
    this.#following.push(follow);
  }

  /** Stores the next version; destroys the oldest ones beyond those that are kept. */
  async put(tx: Tx, request: PutSecretRequest): Promise<KnownSecret> {
    const { path, data, expectedVersion } = request;
    assertSize(data);
    const expireTime = request.expireTime && timestampDate(request.expireTime);
    if (expireTime && expireTime <= this.now()) throw secretFaults.invalid('expire_time', 'is in the past');
    await this.#make(tx, path);
    const before = await lockedSecret(tx, path);
    const isStrict = before.requires_expected_version && before.current_version > 0;
    if (expectedVersion === undefined && isStrict) throw secretFaults.expectationMissing();
    if (expectedVersion !== undefined && expectedVersion !== before.current_version)
      throw secretFaults.replaced(before.current_version);
    const version = before.current_version + 1;
    const wrapped = await this.values.closed(tx, path, version, data);
    const times = { create_time: this.now(), expire_time: expireTime ?? null, delete_time: null };
    await tx
      .insertInto('secret_versions')
      .values({ path, version, wrapped, ...times })
      .execute();
    const settings = settingsOf(request, before);
    await tx
      .updateTable('secrets')
      .set({ current_version: version, ...settings })
      .where('path', '=', path)
      .execute();
    await destroy(tx, path, { to: version - settings.max_versions });
    return this.#changed(tx, path);
  }

  /** The data of a version (the current one when 0), and which it is. */
  async read(
    tx: Tx,
    path: string,
    asked: number,
  ): Promise<{ readonly row: SecretVersionRow; readonly data: SecretData }> {
    const { current_version: current } = await found(tx, path);
    const row = await tx
      .selectFrom('secret_versions')
      .selectAll()
      .where('path', '=', path)
      .where('version', '=', asked || current)
      .executeTakeFirst();
    if (!row) throw secretFaults.versionUnknown();
    if (row.expire_time && row.expire_time <= this.now()) throw secretFaults.expired();
    if (row.wrapped === null) throw secretFaults.destroyed();
    if (row.delete_time) throw secretFaults.deleted();
    return { row, data: await this.values.opened(tx, path, row.version, row.wrapped) };
  }

  /** They can be brought back until they are destroyed. Without versions, the current one. */
  async delete(tx: Tx, path: string, versions: readonly number[]): Promise<KnownSecret> {
    const { current_version: current } = await lockedSecret(tx, path);
    return this.#mark(tx, path, versions.length > 0 ? versions : [current], this.now());
  }

  async undelete(tx: Tx, path: string, versions: readonly number[]): Promise<KnownSecret> {
    await lockedSecret(tx, path);
    return this.#mark(tx, path, versions, null);
  }

  /** The values are gone for good. Without versions all of the secret is, its path included: undefined then. */
  async destroy(tx: Tx, path: string, versions: readonly number[]): Promise<KnownSecret | undefined> {
    await lockedSecret(tx, path);
    if (versions.length === 0) {
      await tx.deleteFrom('secrets').where('path', '=', path).execute();
      await this.#tell(tx, path);
      return undefined;
    }
    await assertVersions(tx, path, versions);
    await destroy(tx, path, { only: versions });
    return this.#changed(tx, path);
  }

  /** Destroys what has expired. */
  async expire(tx: Tx): Promise<void> {
    await tx
      .updateTable('secret_versions')
      .set({ wrapped: null })
      .where('expire_time', '<=', this.now())
      .where('wrapped', 'is not', null)
      .execute();
  }

  async #make(tx: Tx, path: string): Promise<void> {
    const values = { metadata: '{}', max_versions: defaultVersions, requires_expected_version: false };
    await tx
      .insertInto('secrets')
      .values({ path, ...values, current_version: 0, create_time: this.now() })
      .onConflict((conflict) => conflict.column('path').doNothing())
      .execute();
  }

  async #mark(tx: Tx, path: string, versions: readonly number[], delete_time: Date | null): Promise<KnownSecret> {
    await assertVersions(tx, path, versions);
    await tx
      .updateTable('secret_versions')
      .set({ delete_time })
      .where('path', '=', path)
      .where('version', 'in', [...versions])
      .execute();
    return this.#changed(tx, path);
  }

  async #changed(tx: Tx, path: string): Promise<KnownSecret> {
    await this.#tell(tx, path);
    return known(tx, path);
  }

  async #tell(tx: Tx, path: string): Promise<void> {
    for (const follow of this.#following) await follow(tx, path);
  }
}

/** Throws `secret_unknown`. */
export async function known(db: Kysely<Schema>, path: string): Promise<KnownSecret> {
  const secret = await found(db, path);
  const versions = await selectFacts(db).where('secret_versions.path', '=', path).orderBy('version', 'desc').execute();
  return { secret, versions };
}

/** The current version of each of these secrets. */
export async function currentVersions(db: Kysely<Schema>, paths: readonly string[]): Promise<SecretVersionFacts[]> {
  if (paths.length === 0) return [];
  return selectFacts(db)
    .innerJoin('secrets', 'secrets.path', 'secret_versions.path')
    .where('secret_versions.path', 'in', [...paths])
    .whereRef('secret_versions.version', '=', 'secrets.current_version')
    .execute();
}

/** Versions without their values, which may be large. */
function selectFacts(db: Kysely<Schema>) {
  return db
    .selectFrom('secret_versions')
    .select(['secret_versions.path', 'secret_versions.version', 'secret_versions.create_time'])
    .select(['secret_versions.expire_time', 'secret_versions.delete_time'])
    .select(sql<boolean>`secret_versions.wrapped is null`.as('is_destroyed'));
}

async function found(db: Kysely<Schema>, path: string): Promise<SecretRow> {
  const row = await db.selectFrom('secrets').selectAll().where('path', '=', path).executeTakeFirst();
  if (!row) throw secretFaults.unknown();
  return row;
}

/** The secret, locked until the transaction ends. Throws `secret_unknown`. */
export async function lockedSecret(tx: Tx, path: string): Promise<SecretRow> {
  const row = await tx.selectFrom('secrets').selectAll().where('path', '=', path).forUpdate().executeTakeFirst();
  if (!row) throw secretFaults.unknown();
  return row;
}

async function assertVersions(tx: Tx, path: string, wanted: readonly number[]): Promise<void> {
  const { versions } = await known(tx, path);
  const there = new Set(versions.map(({ version }) => version));
  if (wanted.some((version) => !there.has(version))) throw secretFaults.versionUnknown();
}

async function destroy(tx: Tx, path: string, which: { to: number } | { only: readonly number[] }): Promise<void> {
  const query = tx.updateTable('secret_versions').set({ wrapped: null }).where('path', '=', path);
  await ('to' in which
    ? query.where('version', '<=', which.to)
    : query.where('version', 'in', [...which.only])
  ).execute();
}

function settingsOf({ settings, metadata }: PutSecretRequest, before: SecretRow) {
  return {
    metadata: JSON.stringify(Object.keys(metadata).length > 0 ? metadata : before.metadata),
    max_versions: settings ? settings.maxVersions || defaultVersions : before.max_versions,
    requires_expected_version: settings?.requiresExpectedVersion ?? before.requires_expected_version,
  };
}

function assertSize(data: SecretData): void {
  const entries = Object.entries(data);
  if (entries.length === 0) throw secretFaults.invalid('data', 'is empty');
  const size = entries.reduce((sum, [name, value]) => sum + Buffer.byteLength(name) + value.length, 0);
  if (size > maxSecretBytes) throw secretFaults.invalid('data', `has more than ${maxSecretBytes} bytes`);
}

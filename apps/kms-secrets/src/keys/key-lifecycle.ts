import { randomUUID } from 'node:crypto';
import { create } from '@bufbuild/protobuf';
import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import { KeyChangedSchema } from '@gabion/contracts/gabion/kms/v1/events_pb';
import {
  type CreateKeyRequest,
  type KeyPolicy,
  KeyPolicySchema,
  type KeySettings,
  KeyState,
} from '@gabion/contracts/gabion/kms/v1/keys_pb';
import { publish } from '@gabion/events/publish';
import { generateMaterial } from '@gabion/keys/material';
import type { Clock } from '../area.ts';
import type { Tx } from '../db/schema.ts';
import { keyFaults } from './key-faults.ts';
import type { KeyRecord } from './key-ring.ts';
import { changedSettings, newSettings, nextRotation, policyOf } from './key-settings.ts';
import { findKey, insertKey, lockKey, lockNames, updateKey } from './key-store.ts';
import { kindOf } from './key-types.ts';
import { assertUnused } from './key-users.ts';
import type { VersionMaterials } from './version-materials.ts';

const dayMs = 86_400_000;
/** Days between the decision to delete a key and its destruction. */
const waitingDays = { least: 7, usual: 30, most: 90 };

/** What a key goes through; each step is part of the caller's transaction. */
export class KeyLifecycle {
  readonly #materials: VersionMaterials;
  readonly #now: Clock;

  constructor(materials: VersionMaterials, now: Clock) {
    this.#materials = materials;
    this.#now = now;
  }

  /** Makes a key of `material`, which was generated for its type or imported. */
  async create(tx: Tx, wanted: CreateKeyRequest, material: Buffer, isImported = false): Promise<KeyRecord> {
    await assertFree(tx, wanted.name);
    const settings = newSettings(wanted.settings);
    const createTime = this.#now();
    const key = {
      id: randomUUID(),
      name: wanted.name,
      tenant: wanted.tenant || 'default',
      type: wanted.type,
      state: KeyState.ENABLED,
      primaryVersion: 1,
      settings,
      policy: policyOf(wanted.policy),
      isExportable: wanted.isExportable,
      createTime,
      destroyTime: undefined,
      nextRotationTime: isImported ? undefined : nextRotation(settings, createTime),
    };
    await insertKey(tx, key);
    await this.#materials.store(tx, { ...key, version: 1 }, material, { isImported, createTime });
    return this.#changed(tx, key.id);
  }

  /** Gives the key a new version, which is the primary one from now on. */
  async rotate(tx: Tx, name: string, material: Buffer, isImported = false): Promise<KeyRecord> {
    const key = await lockKey(tx, name);
    assertEnabled(key);
    return this.#addVersion(tx, key, material, isImported);
  }

  async update(tx: Tx, name: string, changes: KeySettings, fields: readonly string[]): Promise<KeyRecord> {
    const key = await lockKey(tx, name);
    assertKept(key);
    const settings = changedSettings(key, changes, fields);
    if (settings.minVersion > key.settings.minVersion) await assertUnused(tx, key.id, settings.minVersion);
    const nextRotationTime = fields.includes('rotation_period')
      ? nextRotation(settings, this.#now())
      : key.nextRotationTime;
    return this.#store(tx, { ...key, settings, nextRotationTime });
  }

  async setPolicy(tx: Tx, name: string, policy: KeyPolicy | undefined): Promise<KeyRecord> {
    const key = await lockKey(tx, name);
    assertKept(key);
    return this.#store(tx, { ...key, policy: policy ?? create(KeyPolicySchema) });
  }

  async disable(tx: Tx, name: string): Promise<KeyRecord> {
    const key = await lockKey(tx, name);
    if (key.state === KeyState.DISABLED) return key;
    assertEnabled(key);
    await assertUnused(tx, key.id);
    return this.#store(tx, { ...key, state: KeyState.DISABLED });
  }

  async enable(tx: Tx, name: string): Promise<KeyRecord> {
    const key = await lockKey(tx, name);
    if (key.state === KeyState.ENABLED) return key;
    if (key.state === KeyState.PENDING_DELETION) throw keyFaults.pendingDeletion();
    assertKept(key);
    return this.#store(tx, { ...key, state: KeyState.ENABLED });
  }

  async scheduleDeletion(tx: Tx, name: string, days: number): Promise<KeyRecord> {
    const waiting = days || waitingDays.usual;
    if (waiting < waitingDays.least || waiting > waitingDays.most)
      throw keyFaults.invalid('waiting_days', `is from ${waitingDays.least} to ${waitingDays.most}`);
    const key = await lockKey(tx, name);
    if (key.state === KeyState.PENDING_DELETION) return key;
    assertKept(key);
    await assertUnused(tx, key.id);
    const destroyTime = new Date(this.#now().getTime() + waiting * dayMs);
    return this.#store(tx, { ...key, state: KeyState.PENDING_DELETION, destroyTime });
  }

  /** The key is disabled then: who wants to use it says so. */
  async cancelDeletion(tx: Tx, name: string): Promise<KeyRecord> {
    const key = await lockKey(tx, name);
    if (key.state === KeyState.DISABLED) return key;
    if (key.state !== KeyState.PENDING_DELETION) {
      assertKept(key);
      throw keyFaults.invalid('key', 'does not wait for its deletion', 'key_not_pending_deletion');
    }
    return this.#store(tx, { ...key, state: KeyState.DISABLED, destroyTime: undefined });
  }

  async putAlias(tx: Tx, alias: string, name: string): Promise<KeyRecord> {
    await lockNames(tx);
    const key = await lockKey(tx, name);
    assertKept(key);
    const named = await findKey(tx, alias);
    if (named && !named.aliases.includes(alias)) throw keyFaults.nameTaken(alias);
    assertNoId('alias', alias);
    await tx
      .insertInto('key_aliases')
      .values({ alias, key_id: key.id })
      .onConflict((conflict) => conflict.column('alias').doUpdateSet({ key_id: key.id }))
      .execute();
    return this.#changed(tx, key.id);
  }

  async deleteAlias(tx: Tx, alias: string): Promise<void> {
    const row = await tx.deleteFrom('key_aliases').where('alias', '=', alias).returning('key_id').executeTakeFirst();
    if (row) await this.#changed(tx, row.key_id);
  }

  async #addVersion(tx: Tx, key: KeyRecord, material: Buffer, isImported: boolean): Promise<KeyRecord> {
    const version = Math.max(...key.versions.map((each) => each.version)) + 1;
    const createTime = this.#now();
    await this.#materials.store(tx, { ...key, version }, material, { isImported, createTime });
    const nextRotationTime = nextRotation(key.settings, createTime);
    return this.#store(tx, { ...key, primaryVersion: version, nextRotationTime });
  }

  async #store(tx: Tx, key: KeyRecord): Promise<KeyRecord> {
    await updateKey(tx, key);
    return this.#changed(tx, key.id);
  }

  async #changed(tx: Tx, id: string): Promise<KeyRecord> {
    const key = (await findKey(tx, id)) as KeyRecord;
    const { state, primaryVersion } = key;
    const change = { keyId: id, state, primaryVersion, time: timestampFromDate(this.#now()) };
    await publish(tx, KeyChangedSchema, change, { source: 'kms-secrets' });
    return key;
  }
}

/** Material for a key of the type; made outside of a transaction, since RSA takes a while. */
export async function materialFor(type: CreateKeyRequest['type']): Promise<Buffer> {
  const kind = kindOf(type);
  if (!kind) throw keyFaults.invalid('type', 'is no type of key', 'key_type_unknown');
  return generateMaterial(kind.material);
}

/** Throws `key_name_taken`; a name of the form of an id would hide the key of that id. */
async function assertFree(tx: Tx, name: string): Promise<void> {
  assertNoId('name', name);
  await lockNames(tx);
  if (await findKey(tx, name)) throw keyFaults.nameTaken(name);
}

function assertNoId(field: string, name: string): void {
  if (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(name)) throw keyFaults.invalid(field, 'has the form of an id');
}

function assertEnabled(key: KeyRecord): void {
  if (key.state === KeyState.DISABLED) throw keyFaults.disabled();
  if (key.state === KeyState.PENDING_DELETION) throw keyFaults.pendingDeletion();
  assertKept(key);
}

function assertKept({ state }: KeyRecord): void {
  if (state === KeyState.DESTROYED) throw keyFaults.destroyed();
}

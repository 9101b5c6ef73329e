import { create } from '@bufbuild/protobuf';
import { timestampDate, timestampFromDate } from '@bufbuild/protobuf/wkt';
import { type Key, KeySchema, KeyState } from '@gabion/contracts/gabion/kms/v1/keys_pb';
import { Fault } from '@gabion/rpc/fault';
import type { Database, Tx } from '../db/schema.ts';
import type { Barrier } from '../seal/barrier.ts';
import { packed, unpacked } from './backup-parts.ts';
import { keyFaults } from './key-faults.ts';
import { keyMessage } from './key-message.ts';
import type { KeyRecord } from './key-ring.ts';
import { findKey, insertKey, lockNames } from './key-store.ts';
import type { VersionMaterials } from './version-materials.ts';

const space = { tenant: 'default', purpose: 'keys' } as const;
const context = { what: 'backup of a key, format 1' };

/** Backups of keys: all versions and settings, closed by the barrier, so that they open in this installation only. */
export class KeyBackups {
  readonly #db: Database;
  readonly #barrier: Barrier;
  readonly #materials: VersionMaterials;

  constructor(db: Database, barrier: Barrier, materials: VersionMaterials) {
    this.#db = db;
    this.#barrier = barrier;
    this.#materials = materials;
  }

  async make(tx: Tx, key: KeyRecord): Promise<Buffer> {
    if (key.state === KeyState.DESTROYED) throw keyFaults.destroyed();
    const materials: Buffer[] = [];
    for (const { version } of key.versions) materials.push(await this.#materials.read(tx, { ...key, version }));
    const plain = packed({ key: create(KeySchema, keyMessage(key)), materials });
    try {
      return await this.#barrier.wrap(tx, space, plain, context);
    } finally {
      for (const each of [plain, ...materials]) each.fill(0);
    }
  }

  /** Puts a key back, with its id. Throws `key_name_taken` while there is one of its id or name: a backup overwrites nothing. */
  async restore(tx: Tx, backup: Uint8Array): Promise<KeyRecord> {
    const plain = await this.#opened(backup);
    try {
      const { key, materials } = unpacked(plain) ?? refused();
      await lockNames(tx);
      if ((await findKey(tx, key.id)) ?? (await findKey(tx, key.name))) throw keyFaults.nameTaken(key.name);
      await insertKey(tx, restored(key));
      for (const [at, { version, isImported, createTime }] of key.versions.entries()) {
        const facts = { isImported, createTime: timestampDate(createTime ?? timestampFromDate(new Date(0))) };
        await this.#materials.store(tx, { ...key, version }, Buffer.from(materials[at] as Buffer), facts);
      }
      return (await findKey(tx, key.id)) as KeyRecord;
    } finally {
      plain.fill(0);
    }
  }

  async #opened(backup: Uint8Array): Promise<Uint8Array> {
    try {
      return await this.#barrier.unwrap(this.#db, space, backup, context);
    } catch (error) {
      if (!(error instanceof Fault) || error.code !== 'wrapped_refused') throw error;
      return refused();
    }
  }
}

function refused(): never {
  throw keyFaults.invalid('backup', 'is no backup of this installation', 'backup_refused');
}

/** Disabled, so that whoever puts a key back decides when it is used again. */
function restored(key: Key): Omit<KeyRecord, 'aliases' | 'versions'> {
  const { settings, policy, createTime } = key;
  if (!settings || !policy || !createTime) return refused();
  return {
    ...key,
    settings,
    policy,
    state: KeyState.DISABLED,
    createTime: timestampDate(createTime),
    destroyTime: undefined,
    nextRotationTime: undefined,
  };
}

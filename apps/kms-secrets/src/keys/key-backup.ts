import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { timestampDate, timestampFromDate } from '@bufbuild/protobuf/wkt';
import { type Key, KeySchema, KeyState } from '@gabion/contracts/gabion/kms/v1/keys_pb';
import { Fault } from '@gabion/rpc/fault';
import type { Database, Tx } from '../db/schema.ts';
import type { Barrier } from '../seal/barrier.ts';
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
    const parts: Uint8Array[] = [toBinary(KeySchema, create(KeySchema, keyMessage(key)))];
    for (const { version } of key.versions) parts.push(await this.#materials.read(tx, { ...key, version }));
    const packed = pack(parts);
    try {
      return await this.#barrier.wrap(tx, space, packed, context);
    } finally {
      for (const part of [packed, ...parts]) part.fill(0);
    }
  }

  /** Puts a key back, with its id. Throws `key_name_taken` while there is one of its id or name: a backup overwrites nothing. */
  async restore(tx: Tx, backup: Uint8Array): Promise<KeyRecord> {
    const [head, ...materials] = unpack(await this.#opened(backup));
    const key = fromBinary(KeySchema, head as Uint8Array);
    await lockNames(tx);
    if ((await findKey(tx, key.id)) ?? (await findKey(tx, key.name))) throw keyFaults.nameTaken(key.name);
    await insertKey(tx, restored(key));
    for (const [at, version] of key.versions.entries()) {
      const facts = {
        isImported: version.isImported,
        createTime: timestampDate(version.createTime ?? timestampFromDate(new Date(0))),
      };
      await this.#materials.store(
        tx,
        { ...key, version: version.version },
        Buffer.from(materials[at] as Uint8Array),
        facts,
      );
    }
    return (await findKey(tx, key.id)) as KeyRecord;
  }

  async #opened(backup: Uint8Array): Promise<Uint8Array> {
    try {
      return await this.#barrier.unwrap(this.#db, space, backup, context);
    } catch (error) {
      if (!(error instanceof Fault) || error.code !== 'wrapped_refused') throw error;
      throw keyFaults.invalid('backup', 'is no backup of this installation', 'backup_refused');
    }
  }
}

/** Disabled, so that whoever puts a key back decides when it is used again. */
function restored(key: Key): Omit<KeyRecord, 'aliases' | 'versions'> {
  const { settings, policy, createTime } = key;
  if (!settings || !policy || !createTime) throw new Error('a backup without the parts that every key has');
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

/** Each part behind its length (u32, big endian). */
function pack(parts: readonly Uint8Array[]): Buffer {
  const framed = parts.flatMap((part) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(part.length);
    return [length, part];
  });
  return Buffer.concat(framed);
}

function unpack(packed: Uint8Array): Uint8Array[] {
  const bytes = Buffer.from(packed.buffer, packed.byteOffset, packed.length);
  const parts: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = bytes.readUInt32BE(at);
    parts.push(bytes.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return parts;
}

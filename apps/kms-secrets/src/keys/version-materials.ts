import type { Kysely } from 'kysely';
import type { Schema, Tx } from '../db/schema.ts';
import type { Barrier, Space } from '../seal/barrier.ts';
import { keyFaults } from './key-faults.ts';
import type { KeyRecord } from './key-ring.ts';
import { insertVersion, wrappedVersion } from './key-store.ts';

/** Which version of which key, and whose. */
export type VersionPlace = Pick<KeyRecord, 'id' | 'tenant' | 'type'> & { readonly version: number };

/** The material of key versions, which is in the database only behind the barrier. */
export class VersionMaterials {
  readonly #barrier: Barrier;

  constructor(barrier: Barrier) {
    this.#barrier = barrier;
  }

  /** Stores a version, and overwrites the material. */
  async store(
    tx: Tx,
    place: VersionPlace,
    material: Buffer,
    facts: { readonly isImported: boolean; readonly createTime: Date },
  ): Promise<void> {
    try {
      const wrapped = await this.#barrier.wrap(tx, spaceOf(place), material, contextOf(place));
      await insertVersion(tx, {
        key_id: place.id,
        version: place.version,
        wrapped,
        is_imported: facts.isImported,
        create_time: facts.createTime,
      });
    } finally {
      material.fill(0);
    }
  }

  /** The material of a version; the caller overwrites it. Throws `version_unknown`. */
  async read(db: Kysely<Schema>, place: VersionPlace): Promise<Buffer> {
    const wrapped = await wrappedVersion(db, place.id, place.version);
    if (!wrapped) throw keyFaults.versionUnknown();
    return Buffer.from(await this.#barrier.unwrap(db as Tx, spaceOf(place), wrapped, contextOf(place)));
  }
}

function spaceOf({ tenant }: VersionPlace): Space {
  return { tenant, purpose: 'keys' };
}

function contextOf({ id, version, type }: VersionPlace): Record<string, string> {
  return { key: id, version: `${version}`, type: `${type}` };
}

import { randomUUID } from 'node:crypto';
import { generateMaterial, privateKeyOf } from '@gabion/keys/material';
import { pemOf, publicKeyOf } from '@gabion/keys/public-key';
import { unwrapFromTransport } from '@gabion/keys/transport';
import type { Clock } from '../area.ts';
import type { Database } from '../db/schema.ts';
import type { Barrier } from '../seal/barrier.ts';
import { keyFaults } from './key-faults.ts';

const dayMs = 86_400_000;
const space = { tenant: 'default', purpose: 'keys' } as const;
const type = 'rsa-4096';

export interface WrappingKeyRecord {
  readonly id: string;
  readonly publicKeyPem: string;
  readonly expireTime: Date;
}

/** Keys to which material is wrapped on its way in, each for a day. */
export class WrappingKeys {
  readonly #db: Database;
  readonly #barrier: Barrier;
  readonly #now: Clock;

  constructor(db: Database, barrier: Barrier, now: Clock) {
    this.#db = db;
    this.#barrier = barrier;
    this.#now = now;
  }

  /** The key of today; made when the last one has less than half a day. */
  async current(): Promise<WrappingKeyRecord> {
    this.#barrier.assertOpen();
    const soonest = new Date(this.#now().getTime() + dayMs / 2);
    const row = await this.#db.kysely
      .selectFrom('wrapping_keys')
      .select(['id', 'public_key_pem', 'expire_time'])
      .where('expire_time', '>', soonest)
      .orderBy('expire_time', 'desc')
      .executeTakeFirst();
    return row ? { id: row.id, publicKeyPem: row.public_key_pem, expireTime: row.expire_time } : this.#make();
  }

  /** The material that was wrapped to a key; throws `wrapping_key_unknown`, or KeyError `ciphertext_refused`. */
  async unwrap(id: string, wrapped: Uint8Array): Promise<Buffer> {
    const row = await this.#db.kysely.selectFrom('wrapping_keys').selectAll().where('id', '=', id).executeTakeFirst();
    if (!row || row.expire_time <= this.#now())
      throw keyFaults.invalid(
        'wrapping_key_id',
        'names no wrapping key, or one that has expired',
        'wrapping_key_unknown',
      );
    const material = await this.#barrier.unwrap(this.#db, space, row.wrapped, { 'wrapping key': id });
    try {
      return unwrapFromTransport(privateKeyOf(type, material), wrapped);
    } finally {
      material.fill(0);
    }
  }

  async #make(): Promise<WrappingKeyRecord> {
    const material = await generateMaterial(type);
    const made = {
      id: randomUUID(),
      publicKeyPem: pemOf(publicKeyOf(type, material)),
      expireTime: new Date(this.#now().getTime() + dayMs),
    };
    await this.#db.transaction(async (tx) => {
      const wrapped = await this.#barrier.wrap(tx, space, material, { 'wrapping key': made.id });
      const { id, publicKeyPem: public_key_pem, expireTime: expire_time } = made;
      await tx.insertInto('wrapping_keys').values({ id, wrapped, public_key_pem, expire_time }).execute();
      await tx.deleteFrom('wrapping_keys').where('expire_time', '<', this.#now()).execute();
    });
    material.fill(0);
    return made;
  }
}

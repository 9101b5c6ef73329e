import { Fault } from '@gabion/rpc/fault';
import type { Clock } from '../area.ts';
import type { Tx } from '../db/schema.ts';
import type { Barrier, Space } from '../seal/barrier.ts';

/** Whose credential, and which. */
export interface CredentialName {
  readonly service: string;
  readonly name: string;
}

/** One space for all: the service and the name are what each text is bound to. */
const space: Space = { tenant: 'default', purpose: 'credentials' };

/** What services keep for others, closed by the barrier. */
export class Credentials {
  readonly #barrier: Barrier;
  readonly #now: Clock;

  constructor(barrier: Barrier, now: Clock) {
    this.#barrier = barrier;
    this.#now = now;
  }

  /** Keeps `value`, in place of what was kept under that name; until `expiry`, if it has one. */
  async put(tx: Tx, { service, name }: CredentialName, value: Uint8Array, expiry?: Date): Promise<void> {
    const wrapped = await this.#barrier.wrap(tx, space, value, { service, name });
    const kept = { wrapped, update_time: this.#now(), expire_time: expiry ?? null };
    await tx
      .insertInto('credentials')
      .values({ service, name, ...kept })
      .onConflict((conflict) => conflict.columns(['service', 'name']).doUpdateSet(kept))
      .execute();
  }

  /** Throws `credential_unknown`. */
  async read(tx: Tx, { service, name }: CredentialName): Promise<Uint8Array> {
    this.#barrier.assertOpen();
    const kept = await tx
      .selectFrom('credentials')
      .select('wrapped')
      .where('service', '=', service)
      .where('name', '=', name)
      .where((row) => row.or([row('expire_time', 'is', null), row('expire_time', '>', this.#now())]))
      .executeTakeFirst();
    if (!kept) throw new Fault('not_found', `there is no credential ${name}`, { code: 'credential_unknown' });
    return this.#barrier.unwrap(tx, space, kept.wrapped, { service, name });
  }

  /** Removes what has expired. */
  async expire(tx: Tx): Promise<void> {
    await tx.deleteFrom('credentials').where('expire_time', '<=', this.#now()).execute();
  }

  async delete(tx: Tx, { service, name }: CredentialName): Promise<void> {
    await tx.deleteFrom('credentials').where('service', '=', service).where('name', '=', name).execute();
  }
}

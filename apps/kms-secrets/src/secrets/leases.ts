import { randomUUID } from 'node:crypto';
import type { MessageInitShape } from '@bufbuild/protobuf';
import { type Duration, durationMs, timestampFromDate } from '@bufbuild/protobuf/wkt';
import type { LeaseSchema } from '@gabion/contracts/gabion/kms/v1/secrets_pb';
import type { Clock } from '../area.ts';
import type { Tx } from '../db/schema.ts';
import { secretFaults } from './secret-faults.ts';
import type { SecretLeaseRow, SecretVersionRow } from './tables.ts';

const mostMs = 86_400_000;
/** How long a lease that has ended can be looked at. */
const keptMs = 7 * 86_400_000;

/** Who holds which version of a secret, and until when. A lease is its holder's: to others there is none. */
export class Leases {
  constructor(private readonly now: Clock) {}

  async give(tx: Tx, { path, version, expire_time }: SecretVersionRow, caller_id: string, asked: Duration) {
    const duration_ms = lengthOf(asked);
    const row = {
      id: randomUUID(),
      path,
      version,
      caller_id,
      duration_ms,
      expire_time: this.#end(duration_ms, expire_time),
      revoke_time: null,
    };
    await tx.insertInto('secret_leases').values(row).execute();
    return row;
  }

  async renew(tx: Tx, id: string, caller_id: string, asked: Duration | undefined): Promise<SecretLeaseRow> {
    const lease = await this.#locked(tx, id);
    if (lease.caller_id !== caller_id) throw secretFaults.leaseUnknown();
    if (lease.revoke_time || lease.expire_time <= this.now()) throw secretFaults.leaseEnded();
    const version = await tx
      .selectFrom('secret_versions')
      .select('expire_time')
      .where('path', '=', lease.path)
      .where('version', '=', lease.version)
      .where('wrapped', 'is not', null)
      .where('delete_time', 'is', null)
      .executeTakeFirst();
    if (!version) throw secretFaults.leaseEnded();
    const expire_time = this.#end(asked ? lengthOf(asked) : lease.duration_ms, version.expire_time);
    await tx.updateTable('secret_leases').set({ expire_time }).where('id', '=', id).execute();
    return { ...lease, expire_time };
  }

  /** A lease that was revoked before stays as it was. */
  async revoke(tx: Tx, id: string): Promise<SecretLeaseRow> {
    const lease = await this.#locked(tx, id);
    if (lease.revoke_time) return lease;
    const revoke_time = this.now();
    await tx.updateTable('secret_leases').set({ revoke_time }).where('id', '=', id).execute();
    return { ...lease, revoke_time };
  }

  /** Forgets those that ended long ago. */
  async expire(tx: Tx): Promise<void> {
    const before = new Date(this.now().getTime() - keptMs);
    await tx.deleteFrom('secret_leases').where('expire_time', '<', before).execute();
  }

  /** Not after the version's own end. */
  #end(durationMs: number, expiry: Date | null): Date {
    const until = new Date(this.now().getTime() + durationMs);
    return expiry && expiry < until ? expiry : until;
  }

  async #locked(tx: Tx, id: string): Promise<SecretLeaseRow> {
    const row = await tx.selectFrom('secret_leases').selectAll().where('id', '=', id).forUpdate().executeTakeFirst();
    if (!row) throw secretFaults.leaseUnknown();
    return row;
  }
}

/** A lease as callers see it. */
export function leaseMessage(row: SecretLeaseRow): MessageInitShape<typeof LeaseSchema> {
  const { id, path, version, expire_time, revoke_time } = row;
  const revokeTime = revoke_time && timestampFromDate(revoke_time);
  return { id, path, version, expireTime: timestampFromDate(expire_time), ...(revokeTime && { revokeTime }) };
}

function lengthOf(asked: Duration): number {
  const ms = durationMs(asked);
  if (!(ms >= 1000 && ms <= mostMs)) throw secretFaults.invalid('lease', 'is from 1 second to 24 hours');
  return Math.floor(ms);
}

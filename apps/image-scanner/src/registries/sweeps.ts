import { randomUUID } from 'node:crypto';
import type { CreateSweepRequest, ListSweepsRequest } from '@gabion/contracts/gabion/scan/v1/registries_pb';
import type { Database, Tx } from '@gabion/postgres/database';
import { pageToken } from '@gabion/postgres/pages';
import type { Call } from '@gabion/rpc/call';
import { Fault } from '@gabion/rpc/fault';
import { audit } from '@gabion/service/audit';
import { sql } from 'kysely';
import { seqBefore } from '../page.ts';
import type { Registries } from './registries.ts';
import { type Scope, scopeFrom } from './registry.ts';
import type { FailureRow, SweepRow } from './sweep.ts';
import { checkedScope } from './sweep-scope.ts';

/** PostgreSQL channel: a sweep has something to do. */
export const sweepChannel = 'sweep_changed';

const maxFailuresTold = 100;

/** The sweeps, as callers ask for them. */
export class Sweeps {
  constructor(
    private readonly db: Database,
    private readonly registries: Registries,
  ) {}

  async create(request: CreateSweepRequest, call: Call): Promise<SweepRow> {
    return this.db.transaction(async (tx) => {
      const registry = await this.registries.get(request.registry, tx);
      const scope = request.scope ? checkedScope(scopeFrom(request.scope), 'scope') : registry.sweep_scope;
      const sweep = await addSweep(tx, registry.name, scope);
      const details = { registry: registry.name };
      await audit(tx, call, { service: 'image-scanner', resource: `sweeps/${sweep.id}`, details });
      return sweep;
    });
  }

  async get(id: string, tx?: Tx): Promise<SweepRow> {
    const { rows } = await sql<SweepRow>`select * from sweeps where id = ${id}`.execute(tx ?? this.db.kysely);
    if (!rows[0]) throw new Fault('not_found', `there is no sweep ${id}`, { code: 'sweep_not_found' });
    return rows[0];
  }

  /** The first that failed. */
  async failures(id: string): Promise<FailureRow[]> {
    const { rows } = await sql<FailureRow>`
      select target, scan_id, error_code, error_message from sweep_images
      where sweep_id = ${id} and state = 'failed' order by seq limit ${maxFailuresTold}`.execute(this.db.kysely);
    return rows;
  }

  /** Newest first. */
  async list(request: ListSweepsRequest): Promise<{ sweeps: SweepRow[]; nextPageToken: string }> {
    const size = request.pageSize || 50;
    const query = `sweeps ${request.registry}`;
    const before = seqBefore(request.pageToken, query);
    const { rows } = await sql<SweepRow>`
      select * from sweeps
      where ${before ? sql`seq < ${before}::bigint` : sql`true`}
        and ${request.registry ? sql`registry = ${request.registry}` : sql`true`}
      order by seq desc limit ${size + 1}`.execute(this.db.kysely);
    const sweeps = rows.slice(0, size);
    const last = sweeps.at(-1);
    return { sweeps, nextPageToken: rows.length > size && last ? pageToken({ seq: last.seq }, query) : '' };
  }

  /** One that has ended stays as it is. */
  async cancel(id: string, call: Call): Promise<SweepRow> {
    return this.db.transaction(async (tx) => {
      const { rows } = await sql<SweepRow>`
        update sweeps set state = 'cancelled', end_time = now(), leased_by = null, lease_until = null
        where id = ${id} and state in ('listing', 'scanning') returning *`.execute(tx);
      if (!rows[0]) return this.get(id, tx);
      await sql`delete from sweep_work where sweep_id = ${id}`.execute(tx);
      await audit(tx, call, { service: 'image-scanner', resource: `sweeps/${id}` });
      return rows[0];
    });
  }
}

/** Puts a sweep to the others. */
export async function addSweep(tx: Tx, registry: string, scope: Scope): Promise<SweepRow> {
  const { rows } = await sql<SweepRow>`
    insert into sweeps (id, registry, scope, state)
    values (${randomUUID()}, ${registry}, ${JSON.stringify(scope)}::jsonb, 'listing') returning *`.execute(tx);
  await sql`select pg_notify(${sweepChannel}, '')`.execute(tx);
  return rows[0]!;
}

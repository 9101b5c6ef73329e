import { randomUUID } from 'node:crypto';
import { timestampDate } from '@bufbuild/protobuf/wkt';
import type { Exception } from '@gabion/contracts/gabion/scan/v1/exceptions_pb';
import type { Database } from '@gabion/postgres/database';
import type { Call } from '@gabion/rpc/call';
import { Fault } from '@gabion/rpc/fault';
import { audit } from '@gabion/service/audit';
import { sql } from 'kysely';
import type { ExceptionRow } from './exception.ts';

const maxDays = 366;
const dayMs = 24 * 3_600_000;
/** Each finding is compared with all that can concern it. */
const maxExceptions = 10_000;

/** What people have decided to live with, for a reason and until a day. */
export class Exceptions {
  constructor(private readonly db: Database) {}

  async create(asked: Exception, call: Call, now: Date): Promise<ExceptionRow> {
    const end = checkedEnd(asked, now);
    checkScope(asked);
    return this.db.transaction(async (tx) => {
      const { rows } = await sql<ExceptionRow>`
        insert into exceptions (id, owner, reason, expire_time, vulnerability_id, purl, rule_id, finding_id, path, image,
          kind, creator)
        select ${randomUUID()}, ${asked.owner}, ${asked.reason}, ${end}, ${asked.vulnerabilityId}, ${asked.purl},
          ${asked.ruleId}, ${asked.findingId}, ${asked.path}, ${asked.image}, ${asked.kind}, ${call.caller.id}
        where (select count(*) from exceptions) < ${maxExceptions}
        returning *`.execute(tx);
      const [row] = rows;
      if (!row)
        throw new Fault('resource_exhausted', `there are ${maxExceptions} exceptions; delete some`, {
          code: 'too_many_exceptions',
        });
      const details = { owner: row.owner, reason: row.reason.slice(0, 256), until: end.toISOString() };
      await audit(tx, call, { service: 'image-scanner', resource: `exceptions/${row.id}`, details });
      return row;
    });
  }

  /** Those that end first before the others. */
  async list(includeExpired: boolean): Promise<ExceptionRow[]> {
    const { rows } = await sql<ExceptionRow>`
      select * from exceptions where ${includeExpired} or expire_time > now() order by expire_time, id`.execute(
      this.db.kysely,
    );
    return rows;
  }

  async delete(id: string, call: Call): Promise<void> {
    await this.db.transaction(async (tx) => {
      const { numAffectedRows } = await sql`delete from exceptions where id = ${id}`.execute(tx);
      if (numAffectedRows !== 1n)
        throw new Fault('not_found', `there is no exception ${id}`, { code: 'exception_not_found' });
      await audit(tx, call, { service: 'image-scanner', resource: `exceptions/${id}` });
    });
  }
}

function checkedEnd({ expireTime }: Exception, now: Date): Date {
  const end = expireTime ? timestampDate(expireTime) : new Date(Number.NaN);
  const aheadMs = end.getTime() - now.getTime();
  if (aheadMs > 0 && aheadMs <= maxDays * dayMs) return end;
  throw invalid('expireTime', 'expire_time_invalid', `must be within the next ${maxDays} days`);
}

function checkScope({ vulnerabilityId, purl, ruleId, findingId }: Exception): void {
  if (!vulnerabilityId && !purl && !ruleId && !findingId)
    throw invalid('vulnerabilityId', 'scope_missing', 'or a package, a rule or a finding must be named');
}

function invalid(field: string, code: string, message: string): Fault {
  const fields = [{ field: `exception.${field}`, code, message }];
  return new Fault('invalid_argument', 'the exception cannot be taken', { code, fields });
}

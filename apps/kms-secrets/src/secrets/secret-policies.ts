import type { MessageInitShape } from '@bufbuild/protobuf';
import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import {
  type PutSecretPolicyRequest,
  SecretOperation,
  type SecretPolicySchema,
} from '@gabion/contracts/gabion/kms/v1/secret_policies_pb';
import { Fault } from '@gabion/rpc/fault';
import type { Caller } from '@gabion/trust/caller';
import { type Expression, type Kysely, type RawBuilder, sql } from 'kysely';
import { callerName } from '../caller-name.ts';
import type { Schema, Tx } from '../db/schema.ts';
import { secretFaults } from './secret-faults.ts';
import type { SecretPolicyRow } from './tables.ts';

/** Throws `not_allowed_by_policy` unless the policies of secrets let the caller do all these with the path. */
export async function assertAllowed(
  db: Kysely<Schema>,
  caller: Caller,
  path: string,
  ...operations: readonly SecretOperation[]
): Promise<void> {
  const all = operations.map((operation) => isAllowed(sql<string>`${path}::text`, caller, operation));
  const { rows } = await sql<{ ok: boolean }>`select ${sql.join(all, sql` and `)} as ok`.execute(db);
  if (rows[0]?.ok) return;
  throw new Fault('permission_denied', 'the policy of the secret does not allow this', {
    code: 'not_allowed_by_policy',
  });
}

/** Whether the caller may see that the secret of a row is there; for the conditions of lists. */
export function isVisible(path: 'secrets.path' | 'secret_syncs.path', caller: Caller): RawBuilder<boolean> {
  return isAllowed(sql.ref(path), caller, SecretOperation.LIST);
}

/**
 * Whether the policy that decides over a path, the most specific that covers it, names the caller for the operation; true
 * where none covers it. The few paths of policies that can cover it are looked up: itself, each of its beginnings with
 * a star, and the star alone.
 */
function isAllowed(path: Expression<string>, caller: Caller, operation: SecretOperation): RawBuilder<boolean> {
  // Byte by byte: folding cases has given away privileges elsewhere (CVE-2025-5999).
  return sql<boolean>`coalesce((
    select exists (
      select from jsonb_array_elements(policy.statements) as statement
      where jsonb_exists(statement -> 'callers', ${callerName(caller)})
        and statement -> 'operations' @> to_jsonb(${operation}::int)
    )
    from secret_policies as policy
    where policy.path = any(array[${path}, '*'] || array(
      select array_to_string(parts[:length], '/') || '/*'
      from string_to_array(${path}, '/') as parts, generate_series(1, cardinality(parts) - 1) as length
    ))
    order by policy.path = ${path} desc, length(policy.path) desc
    limit 1
  ), true)`;
}

/** Sets the policy of a path, or of the paths below one. */
export async function putPolicy(
  tx: Tx,
  { path, statements }: PutSecretPolicyRequest,
  now: Date,
): Promise<SecretPolicyRow> {
  if (statements.some(({ operations }) => operations.includes(SecretOperation.UNSPECIFIED)))
    throw secretFaults.invalid('statements', 'has an operation that is none');
  const kept = statements.map(({ callers, operations }) => ({ callers, operations }));
  const changes = { statements: JSON.stringify(kept), update_time: now };
  return tx
    .insertInto('secret_policies')
    .values({ path, ...changes })
    .onConflict((conflict) => conflict.column('path').doUpdateSet(changes))
    .returningAll()
    .executeTakeFirstOrThrow();
}

/** Throws `secret_policy_unknown`. */
export async function policyOf(db: Kysely<Schema>, path: string): Promise<SecretPolicyRow> {
  const row = await db.selectFrom('secret_policies').selectAll().where('path', '=', path).executeTakeFirst();
  if (!row) throw new Fault('not_found', 'there is no policy of that path', { code: 'secret_policy_unknown' });
  return row;
}

/** A policy as callers see it. */
export function policyMessage({
  path,
  statements,
  update_time,
}: SecretPolicyRow): MessageInitShape<typeof SecretPolicySchema> {
  return { path, statements, updateTime: timestampFromDate(update_time) };
}

import {
  type DeleteSecretPolicyRequest,
  type GetSecretPolicyRequest,
  type ListSecretPoliciesRequest,
  type PutSecretPolicyRequest,
  SecretOperation,
  SecretPolicyService,
} from '@gabion/contracts/gabion/kms/v1/secret_policies_pb';
import { pageToken, positionIn } from '@gabion/postgres/pages';
import type { Call } from '@gabion/rpc/call';
import { Implements } from '@gabion/rpc/implements';
import { audit } from '@gabion/service/audit';
import { Inject } from '@nestjs/common';
import { type Database, database, type Tx } from '../db/schema.ts';
import { policyMessage, policyOf, putPolicy } from './secret-policies.ts';
import type { SecretPolicyRow } from './tables.ts';

@Implements(SecretPolicyService)
export class SecretPoliciesController {
  constructor(@Inject(database) private readonly db: Database) {}

  async putSecretPolicy(request: PutSecretPolicyRequest, call: Call) {
    return this.db.transaction(async (tx) => {
      const row = await putPolicy(tx, request, new Date());
      await record(tx, call, row.path, { operation: 'put', statements: textOf(row) });
      return policyMessage(row);
    });
  }

  async getSecretPolicy({ path }: GetSecretPolicyRequest) {
    return policyMessage(await policyOf(this.db.kysely, path));
  }

  async listSecretPolicies({ pageSize, pageToken: token }: ListSecretPoliciesRequest) {
    const limit = pageSize || 50;
    const after = positionIn(token, { path: 'string' }, 'secret policies')?.path ?? '';
    const rows = await this.db.kysely
      .selectFrom('secret_policies')
      .selectAll()
      .where('path', '>', after)
      .orderBy('path')
      .limit(limit + 1)
      .execute();
    const page = rows.slice(0, limit);
    const last = rows.length > limit ? page.at(-1) : undefined;
    return {
      policies: page.map(policyMessage),
      nextPageToken: last ? pageToken({ path: last.path }, 'secret policies') : '',
    };
  }

  async deleteSecretPolicy({ path }: DeleteSecretPolicyRequest, call: Call) {
    await this.db.transaction(async (tx) => {
      await tx.deleteFrom('secret_policies').where('path', '=', path).execute();
      await record(tx, call, path, { operation: 'delete' });
    });
    return {};
  }
}

async function record(tx: Tx, call: Call, path: string, details: Record<string, string>): Promise<void> {
  await audit(tx, call, { service: 'kms-secrets', resource: `secret-policies/${path}`, details });
}

/** Who may do what, for the trail: "alice, bob: read, list; carol: write". */
function textOf({ statements }: SecretPolicyRow): string {
  const texts = statements.map(
    ({ callers, operations }) =>
      `${callers.join(', ')}: ${operations.map((each) => SecretOperation[each]?.toLowerCase()).join(', ')}`,
  );
  return texts.join('; ');
}

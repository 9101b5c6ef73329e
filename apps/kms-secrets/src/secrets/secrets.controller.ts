import { SecretOperation } from '@gabion/contracts/gabion/kms/v1/secret_policies_pb';
import {
  type DeleteSecretVersionsRequest,
  type DestroySecretVersionsRequest,
  type GetSecretRequest,
  type ListSecretsRequest,
  type PutSecretRequest,
  type ReadSecretRequest,
  type RenewLeaseRequest,
  type RevokeLeaseRequest,
  SecretService,
  type UndeleteSecretVersionsRequest,
} from '@gabion/contracts/gabion/kms/v1/secrets_pb';
import { pageToken, positionIn } from '@gabion/postgres/pages';
import type { Call } from '@gabion/rpc/call';
import { Implements } from '@gabion/rpc/implements';
import { audit } from '@gabion/service/audit';
import { Inject } from '@nestjs/common';
import { type Database, database, type Tx } from '../db/schema.ts';
import { Leases, leaseMessage } from './leases.ts';
import { secretMessage } from './secret-message.ts';
import { assertAllowed, isVisible } from './secret-policies.ts';
import { currentVersions, known, Secrets } from './secrets.ts';

const { READ, WRITE, DELETE, DESTROY, LIST, REVOKE } = SecretOperation;

/** Nothing is answered without its record in the same transaction. */
@Implements(SecretService)
export class SecretsController {
  constructor(
    @Inject(database) private readonly db: Database,
    private readonly secrets: Secrets,
    private readonly leases: Leases,
  ) {}

  async putSecret(request: PutSecretRequest, call: Call) {
    return this.#recorded(call, request.path, WRITE, async (tx) => {
      const put = await this.secrets.put(tx, request);
      return { answer: secretMessage(put), details: { version: `${put.secret.current_version}` } };
    });
  }

  async readSecret({ path, version, lease: asked }: ReadSecretRequest, call: Call) {
    return this.#recorded(call, path, READ, async (tx) => {
      const { row, data } = await this.secrets.read(tx, path, version);
      const lease = asked && leaseMessage(await this.leases.give(tx, row, call.caller.id, asked));
      const details = { version: `${row.version}`, ...(lease && { lease: `${lease.id}` }) };
      return { answer: { path, version: row.version, data, ...(lease && { lease }) }, details };
    });
  }

  async getSecret({ path }: GetSecretRequest, call: Call) {
    await assertAllowed(this.db.kysely, call.caller, path, LIST);
    return secretMessage(await known(this.db.kysely, path));
  }

  async listSecrets({ pageSize, pageToken: token, below }: ListSecretsRequest, call: Call) {
    const limit = pageSize || 50;
    const query = `secrets ${below}`;
    const after = positionIn(token, { path: 'string' }, query)?.path ?? '';
    // "0" follows "/" in the order of the column's collation, which is that of bytes.
    const rows = await this.db.kysely
      .selectFrom('secrets')
      .selectAll()
      .where('path', '>', after)
      .$if(below !== '', (narrow) => narrow.where('path', '>=', `${below}/`).where('path', '<', `${below}0`))
      .where(isVisible('secrets.path', call.caller))
      .orderBy('path')
      .limit(limit + 1)
      .execute();
    const page = rows.slice(0, limit);
    const versions = await currentVersions(
      this.db.kysely,
      page.map(({ path }) => path),
    );
    const last = rows.length > limit ? page.at(-1) : undefined;
    return {
      secrets: page.map((secret) =>
        secretMessage({ secret, versions: versions.filter(({ path }) => path === secret.path) }),
      ),
      nextPageToken: last ? pageToken({ path: last.path }, query) : '',
    };
  }

  async deleteSecretVersions({ path, versions }: DeleteSecretVersionsRequest, call: Call) {
    return this.#recorded(call, path, DELETE, async (tx) => ({
      answer: secretMessage(await this.secrets.delete(tx, path, versions)),
      details: { versions: versions.join(' ') },
    }));
  }

  async undeleteSecretVersions({ path, versions }: UndeleteSecretVersionsRequest, call: Call) {
    return this.#recorded(call, path, DELETE, async (tx) => ({
      answer: secretMessage(await this.secrets.undelete(tx, path, versions)),
      details: { versions: versions.join(' ') },
    }));
  }

  async destroySecretVersions({ path, versions }: DestroySecretVersionsRequest, call: Call) {
    return this.#recorded(call, path, DESTROY, async (tx) => {
      const left = await this.secrets.destroy(tx, path, versions);
      return { answer: left ? secretMessage(left) : { path }, details: { versions: versions.join(' ') || 'all' } };
    });
  }

  async renewLease({ id, lease: asked }: RenewLeaseRequest, call: Call) {
    return this.#ofLease(call, READ, (tx) => this.leases.renew(tx, id, call.caller.id, asked));
  }

  async revokeLease({ id }: RevokeLeaseRequest, call: Call) {
    return this.#ofLease(call, REVOKE, (tx) => this.leases.revoke(tx, id));
  }

  async #ofLease(call: Call, operation: SecretOperation, work: (tx: Tx) => ReturnType<Leases['revoke']>) {
    return this.db.transaction(async (tx) => {
      const lease = await work(tx);
      const { id, path, version } = lease;
      await assertAllowed(tx, call.caller, path, operation);
      const details = { lease: id, version: `${version}` };
      await audit(tx, call, { service: 'kms-secrets', resource: `secrets/${path}`, details });
      return leaseMessage(lease);
    });
  }

  async #recorded<T>(
    call: Call,
    path: string,
    operation: SecretOperation,
    work: (tx: Tx) => Promise<{ readonly answer: T; readonly details: Record<string, string> }>,
  ): Promise<T> {
    return this.db.transaction(async (tx) => {
      await assertAllowed(tx, call.caller, path, operation);
      const { answer, details } = await work(tx);
      await audit(tx, call, { service: 'kms-secrets', resource: `secrets/${path}`, details });
      return answer;
    });
  }
}

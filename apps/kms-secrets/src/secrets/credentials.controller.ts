import { timestampDate } from '@bufbuild/protobuf/wkt';
import {
  CredentialService,
  type DeleteCredentialRequest,
  type PutCredentialRequest,
  type ReadCredentialRequest,
} from '@gabion/contracts/gabion/kms/v1/secrets_pb';
import type { Call } from '@gabion/rpc/call';
import { Implements } from '@gabion/rpc/implements';
import { audit } from '@gabion/service/audit';
import { Inject } from '@nestjs/common';
import { type Database, database, type Tx } from '../db/schema.ts';
import { type CredentialName, Credentials } from './credentials.ts';

@Implements(CredentialService)
export class CredentialsController {
  constructor(
    @Inject(database) private readonly db: Database,
    private readonly credentials: Credentials,
  ) {}

  async putCredential({ name, value, expireTime }: PutCredentialRequest, call: Call) {
    const expiry = expireTime && timestampDate(expireTime);
    await this.#recorded(call, name, 'put', (tx, own) => this.credentials.put(tx, own, value, expiry));
    return {};
  }

  async readCredential({ name }: ReadCredentialRequest, call: Call) {
    const value = await this.#recorded(call, name, 'read', (tx, own) => this.credentials.read(tx, own));
    return { value };
  }

  async deleteCredential({ name }: DeleteCredentialRequest, call: Call) {
    await this.#recorded(call, name, 'delete', (tx, own) => this.credentials.delete(tx, own));
    return {};
  }

  /** The caller's own credential, with a record of what was done to it in the same transaction; nothing is answered without. */
  async #recorded<T>(
    call: Call,
    name: string,
    operation: string,
    work: (tx: Tx, own: CredentialName) => Promise<T>,
  ): Promise<T> {
    const own = { service: call.caller.id, name };
    return this.db.transaction(async (tx) => {
      const answer = await work(tx, own);
      const resource = `credentials/${own.service}/${name}`;
      await audit(tx, call, { service: 'kms-secrets', resource, details: { operation } });
      return answer;
    });
  }
}

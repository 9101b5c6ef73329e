import {
  CredentialService,
  type DeleteCredentialRequest,
  type PutCredentialRequest,
  type ReadCredentialRequest,
} from '@gabion/contracts/gabion/kms/v1/secrets_pb';
import type { Call } from '@gabion/rpc/call';
import { Fault } from '@gabion/rpc/fault';
import { Implements } from '@gabion/rpc/implements';
import { type Serving, serve } from '@gabion/rpc/serve';
import { createLog } from '@gabion/telemetry/log';
import { ServerCredentials } from '@grpc/grpc-js';
import { Module } from '@nestjs/common';

/** Stands in for kms-secrets at a unix socket: keeps credentials of services in `kept`, by service and name. */
export async function credentialService(path: string, kept: Map<string, Uint8Array>): Promise<Serving> {
  @Implements(CredentialService)
  class CredentialsController {
    async putCredential({ name, value }: PutCredentialRequest, { caller }: Call) {
      kept.set(`${caller.id} ${name}`, value);
      return {};
    }

    async readCredential({ name }: ReadCredentialRequest, { caller }: Call) {
      const value = kept.get(`${caller.id} ${name}`);
      if (!value) throw new Fault('not_found', `there is no credential ${name}`, { code: 'credential_unknown' });
      return { value };
    }

    async deleteCredential({ name }: DeleteCredentialRequest, { caller }: Call) {
      kept.delete(`${caller.id} ${name}`);
      return {};
    }
  }

  @Module({ controllers: [CredentialsController] })
  class KmsModule {}

  return serve({
    module: KmsModule,
    services: [CredentialService],
    listeners: [{ address: `unix:${path}`, credentials: ServerCredentials.createInsecure(), door: 'local' }],
    callers: { 'image-scanner': 'for-itself' },
    log: createLog({ service: 'kms-secrets', level: 'fatal' }),
  });
}

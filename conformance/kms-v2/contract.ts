import { join } from 'node:path';
import { loadPackageDefinition, type ServiceClientConstructor } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';

/** What a provider answers to Status. */
export interface StatusResponse {
  readonly version: string;
  readonly healthz: string;
  readonly keyId: string;
}

/** What a provider answers to Encrypt, and what it needs again to decrypt. */
export interface Sealed {
  readonly ciphertext: Buffer;
  readonly keyId: string;
  readonly annotations: Readonly<Record<string, Buffer>>;
}

const loaded = loadPackageDefinition(
  loadSync(join(import.meta.dirname, 'kms.proto'), { defaults: true, objects: true }),
);
const { KeyManagementService } = loaded.v2 as unknown as { KeyManagementService: ServiceClientConstructor };

/** The client's class of `v2.KeyManagementService`; its `service` is what a server implements. */
export const keyManagementService = KeyManagementService;

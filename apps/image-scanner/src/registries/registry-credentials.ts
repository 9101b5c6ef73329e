import type { Credentials } from '@gabion/oci/credentials';
import { Fault } from '@gabion/rpc/fault';
import { z } from 'zod';
import { type CredentialKeeper, keptCredential } from '../kept-credential.ts';
import { ScanFailure } from '../scan-errors.ts';
import type { RegistryRow } from './registry.ts';

type Place = Pick<RegistryRow, 'name' | 'host'>;

const kept = z.object({
  host: z.string(),
  credentials: z.record(z.string(), z.unknown()),
});

/**
 * Credentials of registries, which kms-secrets keeps. They go with the host that they were given for: another host at
 * the same name never gets them, whichever of the two writes was cut short.
 */
export class RegistryCredentials {
  readonly #service: CredentialKeeper;

  /** Without a service, for a scanner that is alone, none are kept. */
  constructor(service: CredentialKeeper) {
    this.#service = service;
  }

  /** In place of what was kept for the name. */
  async put({ name, host }: Place, credentials: Credentials): Promise<void> {
    if (!this.#service)
      throw new Fault('failed_precondition', 'kms-secrets, which keeps credentials, is not part of this platform', {
        code: 'credentials_not_kept',
      });
    await this.#service.putCredential({
      name: nameOf(name),
      value: Buffer.from(JSON.stringify({ host, credentials })),
    });
  }

  /** Throws ScanFailure `registry_credentials_missing` and `registry_credentials_unavailable`. */
  async read({ name, host }: Place): Promise<Credentials> {
    const found = kept.safeParse(JSON.parse(await keptCredential(this.#service, nameOf(name), name)));
    if (!found.success || found.data.host !== host) throw new ScanFailure('registry_credentials_missing', name);
    return found.data.credentials as unknown as Credentials;
  }

  async delete(name: string): Promise<void> {
    await this.#service?.deleteCredential({ name: nameOf(name) });
  }
}

function nameOf(registry: string): string {
  return `registries/${registry}`;
}

import type { CredentialService } from '@gabion/contracts/gabion/kms/v1/secrets_pb';
import type { Client } from '@gabion/rpc/client';
import { Fault } from '@gabion/rpc/fault';
import { ScanFailure } from './scan-errors.ts';

/** kms-secrets as it keeps credentials; undefined for a scanner that is alone. */
export type CredentialKeeper = Client<typeof CredentialService> | undefined;

/** What kms-secrets keeps under a name. Throws ScanFailure `registry_credentials_missing` and `registry_credentials_unavailable`. */
export async function keptCredential(keeper: CredentialKeeper, name: string, whose: string): Promise<string> {
  try {
    if (!keeper) throw new ScanFailure('registry_credentials_missing', whose);
    return Buffer.from((await keeper.readCredential({ name })).value).toString('utf8');
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    const code = error.kind === 'not_found' ? 'registry_credentials_missing' : 'registry_credentials_unavailable';
    throw new ScanFailure(code, `${whose} [${error.code}]`, { cause: error });
  }
}

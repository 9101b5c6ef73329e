import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import type { Credentials } from '@gabion/oci/credentials';
import { type CredentialKeeper, keptCredential } from './kept-credential.ts';
import { ScanFailure } from './scan-errors.ts';

/** Longer than a scan waits; for those whose end was not heard of. */
const keptMs = 7 * 86_400_000;

/**
 * Credentials that a scan came with, until it has ended: kms-secrets keeps them, so that any replica can run the scan. A
 * scanner that is alone has them in memory, and loses them with its process.
 */
export class ScanCredentials {
  readonly #alone = new Map<string, Credentials>();

  constructor(private readonly keeper: CredentialKeeper) {}

  /** Before the scan is there to be run. */
  async put(scanId: string, credentials: Credentials): Promise<void> {
    if (!this.keeper) return void this.#alone.set(scanId, credentials);
    await this.keeper.putCredential({
      name: nameOf(scanId),
      value: Buffer.from(JSON.stringify(credentials)),
      expireTime: timestampFromMs(Date.now() + keptMs),
    });
  }

  /** Throws ScanFailure `registry_credentials_missing` and `registry_credentials_unavailable`. */
  async read(scanId: string): Promise<Credentials> {
    const known = this.#alone.get(scanId);
    if (known) return known;
    if (!this.keeper) throw new ScanFailure('registry_credentials_missing', 'this scan');
    return JSON.parse(await keptCredential(this.keeper, nameOf(scanId), 'this scan')) as Credentials;
  }

  /** What is left behind when nobody answers expires. */
  async forget(scanId: string): Promise<void> {
    this.#alone.delete(scanId);
    await this.keeper?.deleteCredential({ name: nameOf(scanId) }).catch(() => {});
  }
}

function nameOf(scanId: string): string {
  return `scans/${scanId}`;
}

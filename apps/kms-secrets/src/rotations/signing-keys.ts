import type { Database, Tx } from '../db/schema.ts';
import type { Barrier, Space } from '../seal/barrier.ts';
import { secretFaults } from '../secrets/secret-faults.ts';
import { newSigningSecret, signingKeyIn } from './hook-signature.ts';
import { rotationFaults } from './rotation-faults.ts';
import type { SecretRotationRow } from './tables.ts';

const space: Space = { tenant: 'default', purpose: 'secrets' };

/** What requests to hooks are signed with; in the database only behind the barrier. */
export class SigningKeys {
  readonly #barrier: Barrier;

  constructor(barrier: Barrier) {
    this.#barrier = barrier;
  }

  /** Closes the key of `given`, or of a secret that is made: `made` is its text then. */
  async closed(tx: Tx, path: string, given: string): Promise<{ readonly key: Buffer; readonly made: string }> {
    const made = given ? '' : newSigningSecret();
    const key = signingKeyIn(given || made);
    if (!key) throw secretFaults.invalid('signing_secret', 'is no "whsec_" with 24 to 64 bytes in base64');
    return { key: await this.#barrier.wrap(tx, space, key, contextOf(path)), made };
  }

  async opened(db: Database, { path, signing_key }: SecretRotationRow): Promise<Uint8Array> {
    if (!signing_key) throw rotationFaults.unknown();
    return this.#barrier.unwrap(db, space, signing_key, contextOf(path));
  }
}

function contextOf(path: string) {
  return { path, of: 'rotation hook' };
}

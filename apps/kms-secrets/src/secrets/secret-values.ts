import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { SecretValueSchema } from '@gabion/contracts/gabion/kms/v1/secrets_pb';
import type { Tx } from '../db/schema.ts';
import type { Barrier, Space } from '../seal/barrier.ts';

/** Bytes of all values of a version together with their names. */
export const maxSecretBytes = 1024 * 1024;

export type SecretData = { [name: string]: Uint8Array };

const space: Space = { tenant: 'default', purpose: 'secrets' };

/** The data of versions, which is in the database only behind the barrier. */
export class SecretValues {
  readonly #barrier: Barrier;

  constructor(barrier: Barrier) {
    this.#barrier = barrier;
  }

  async closed(tx: Tx, path: string, version: number, data: SecretData): Promise<Buffer> {
    const bytes = toBinary(SecretValueSchema, create(SecretValueSchema, { data }));
    try {
      return await this.#barrier.wrap(tx, space, bytes, { path, version: `${version}` });
    } finally {
      bytes.fill(0);
    }
  }

  async opened(tx: Tx, path: string, version: number, wrapped: Buffer): Promise<SecretData> {
    const bytes = await this.#barrier.unwrap(tx, space, wrapped, { path, version: `${version}` });
    return fromBinary(SecretValueSchema, bytes).data;
  }
}

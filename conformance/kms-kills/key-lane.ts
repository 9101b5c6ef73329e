import { randomBytes, randomInt } from 'node:crypto';
import { ClusterEncryptionService } from '@gabion/contracts/gabion/kms/v1/clusters_pb';
import { KeyService, KeyType } from '@gabion/contracts/gabion/kms/v1/keys_pb';
import { CryptoService } from '@gabion/contracts/gabion/kms/v1/operations_pb';
import { seal } from '@gabion/keys/aead';
import { publicKeyIn } from '@gabion/keys/public-key';
import { wrapForTransport } from '@gabion/keys/transport';
import type { Connection } from '@gabion/rpc/client';
import { as, type Lane } from './lane.ts';

const context = { for: 'kills' };

interface Sealed {
  readonly ciphertext: Uint8Array;
  readonly plaintext: string;
}

/** Rotations, encryptions, imports, and key_ids of a cluster. */
export class KeyLane implements Lane {
  readonly #sealed: Sealed[] = [];
  /** With keys that were imported, closed outside. */
  readonly #sealedOutside: Sealed[] = [];
  /** key_ids of KMS v2 that were told. */
  readonly #kmsKeyIds = new Set<string>();
  #version = 1;

  async begin(connection: Connection): Promise<void> {
    await connection.client(KeyService).createKey({ name: 'kills', type: KeyType.AES_256_GCM }, as);
    await connection.client(ClusterEncryptionService).putClusterEncryption({ cluster: 'kills' }, as);
  }

  async work(connection: Connection): Promise<void> {
    const works = [this.#rotate, this.#encrypt, this.#encrypt, this.#rotateOfCluster, this.#import];
    await works[randomInt(works.length)]?.call(this, connection);
  }

  async lost(connection: Connection): Promise<string[]> {
    const found = await this.#unopened(connection, this.#sealed.slice(-200));
    found.push(...(await this.#unopened(connection, this.#sealedOutside.slice(-100))));
    const keys = connection.client(KeyService);
    // Made while nothing is killed: a key of RSA-4096 takes longer than the service lives.
    await keys.getWrappingKey({}, as);
    const { primaryVersion } = await keys.getKey({ key: 'kills' }, as);
    if (primaryVersion < this.#version) found.push(`key version ${this.#version}`);
    return found;
  }

  get told(): string {
    const outside = `${this.#sealedOutside.length} imports`;
    return `key version ${this.#version}, ${this.#sealed.length} ciphertexts, ${outside}, ${this.#kmsKeyIds.size} key_ids`;
  }

  async #rotate(connection: Connection): Promise<void> {
    const { primaryVersion } = await connection.client(KeyService).rotateKey({ key: 'kills' }, as);
    this.#version = Math.max(this.#version, primaryVersion);
  }

  async #encrypt(connection: Connection): Promise<void> {
    const plaintext = randomBytes(16).toString('hex');
    const request = { key: 'kills', plaintext: Buffer.from(plaintext), context };
    const { ciphertext } = await connection.client(CryptoService).encrypt(request, as);
    this.#sealed.push({ ciphertext, plaintext });
  }

  async #rotateOfCluster(connection: Connection): Promise<void> {
    await connection.client(KeyService).rotateKey({ key: 'cluster-kills' }, as);
    const clusters = connection.client(ClusterEncryptionService);
    this.#kmsKeyIds.add((await clusters.getClusterEncryption({ cluster: 'kills' }, as)).kmsKeyId);
  }

  /** Whether the material arrived is told by what it closed before it went in. */
  async #import(connection: Connection): Promise<void> {
    const keys = connection.client(KeyService);
    const { id: wrappingKeyId, publicKeyPem } = await keys.getWrappingKey({}, as);
    const material = randomBytes(32);
    const wrappedMaterial = wrapForTransport(publicKeyIn(publicKeyPem), material);
    const key = { name: `imported-${randomInt(5)}`, type: KeyType.AES_256_GCM };
    const { id, primaryVersion: version } = await keys.importKey({ key, wrappingKeyId, wrappedMaterial }, as);
    const plaintext = randomBytes(16).toString('hex');
    const use = { algorithm: 'aes-256-gcm', id, version } as const;
    const ciphertext = seal(material, use, Buffer.from(plaintext), new Map(Object.entries(context)));
    this.#sealedOutside.push({ ciphertext, plaintext });
  }

  async #unopened(connection: Connection, sealed: readonly Sealed[]): Promise<string[]> {
    if (sealed.length === 0) return [];
    const items = sealed.map(({ ciphertext }) => ({ ciphertext, context }));
    const { results } = await connection.client(CryptoService).decryptBatch({ items }, as);
    return results.flatMap(({ result }, at) => {
      const text = result.case === 'plaintext' ? Buffer.from(result.value).toString() : String(result.case);
      return text === sealed[at]?.plaintext ? [] : [`a ciphertext opens as ${text}`];
    });
  }
}

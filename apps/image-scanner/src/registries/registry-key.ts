import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Credentials } from '@gabion/oci/credentials';
import { ScanFailure } from '../scan-errors.ts';

/** Credentials as they are stored, and by which key they were sealed. */
export interface Sealed {
  readonly bytes: Buffer;
  readonly keyId: string;
}

/**
 * Seals what is stored of registries for as long as they exist, for every replica: by a file that all of them have, or
 * by the key of the data directory where one machine is all there is.
 */
export class RegistryKey {
  readonly id: string;
  readonly #key: Buffer;

  private constructor(secret: Buffer) {
    this.id = derived(secret, 'registry key id', 12).toString('hex');
    this.#key = derived(secret, 'registry credentials', 32);
  }

  static async open(keyFile: string | undefined, dataDir: string): Promise<RegistryKey> {
    const path = keyFile ?? join(dataDir, 'home.key');
    const secret = await readFile(path);
    if (secret.length < 32) throw new Error(`${path} holds ${secret.length} bytes; a key has at least 32`);
    return new RegistryKey(secret);
  }

  /** AES-256-GCM, bound to the registry's name and host: worth nothing in the row of another one. */
  seal(credentials: Credentials, about: string): Sealed {
    const nonce = randomBytes(12);
    const cipher = createCipheriv('aes-256-gcm', this.#key, nonce).setAAD(Buffer.from(about));
    const sealed = Buffer.concat([cipher.update(JSON.stringify(credentials)), cipher.final()]);
    return { bytes: Buffer.concat([nonce, cipher.getAuthTag(), sealed]), keyId: this.id };
  }

  unseal({ bytes, keyId }: Sealed, about: string): Credentials {
    if (keyId !== this.id) throw new ScanFailure('registry_key_missing', about);
    const decipher = createDecipheriv('aes-256-gcm', this.#key, bytes.subarray(0, 12)).setAAD(Buffer.from(about));
    decipher.setAuthTag(bytes.subarray(12, 28));
    return JSON.parse(Buffer.concat([decipher.update(bytes.subarray(28)), decipher.final()]).toString());
  }
}

function derived(secret: Buffer, purpose: string, bytes: number): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, '', `gabion image-scanner ${purpose}`, bytes));
}

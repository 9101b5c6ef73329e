import { KeyOperation } from '@gabion/contracts/gabion/kms/v1/keys_pb';
import { open, seal } from '@gabion/keys/aead';
import type { Call } from '@gabion/rpc/call';
import { Fault } from '@gabion/rpc/fault';
import { ciphertextRefused, type InUse, type KeyUses, type Outcome } from './key-uses.ts';
import type { Use } from './usage-trail.ts';

type Context = Readonly<Record<string, string>>;

/** A text with the version that closed or opened it. */
export interface Versioned {
  readonly bytes: Uint8Array;
  readonly keyId: string;
  readonly version: number;
}

export interface Ciphertext {
  readonly ciphertext: Uint8Array;
  readonly context: Context;
}

/** Encryption and decryption as uses of keys. */
export class Ciphertexts {
  readonly #uses: KeyUses;

  constructor(uses: KeyUses) {
    this.#uses = uses;
  }

  async close(
    call: Call,
    key: string,
    plaintext: Uint8Array,
    context: Context,
    uses: Use[],
    operation = KeyOperation.ENCRYPT,
  ): Promise<Outcome<Versioned>> {
    return this.#uses.attempt(
      call,
      key,
      { operation, context, use: 'apply' },
      (inUse) => closed(inUse, plaintext),
      uses,
    );
  }

  async open(
    call: Call,
    { ciphertext, context }: Ciphertext,
    only: string,
    uses: Use[],
    operation = KeyOperation.DECRYPT,
  ): Promise<Outcome<Versioned>> {
    try {
      const { id, version } = await this.#uses.named(ciphertext, only);
      const asked = { operation, context, version, use: 'open' } as const;
      return await this.#uses.attempt(call, id, asked, (inUse) => opened(inUse, ciphertext), uses);
    } catch (error) {
      // Of a ciphertext that names no key there is no use to record.
      if (error instanceof Fault && error.code === ciphertextRefused().code) return { fault: error };
      throw error;
    }
  }

  /** Opens and closes again, with the key's present version or another key; the plaintext stays here. */
  async rewrap(call: Call, item: Ciphertext, key: string, uses: Use[]): Promise<Outcome<Versioned>> {
    const outcome = await this.open(call, item, '', uses, KeyOperation.REWRAP);
    if ('fault' in outcome) return outcome;
    const { bytes, keyId } = outcome.answer;
    try {
      return await this.close(call, key || keyId, bytes, item.context, uses, KeyOperation.REWRAP);
    } finally {
      bytes.fill(0);
    }
  }
}

function closed({ key, kind, version, material, context }: InUse, plaintext: Uint8Array): Versioned {
  const use = { algorithm: kind.aead ?? 'aes-256-gcm', id: key.id, version };
  return { bytes: seal(material, use, plaintext, context.encoded), keyId: key.id, version };
}

function opened({ key, kind, version, material, context }: InUse, ciphertext: Uint8Array): Versioned {
  const use = { algorithm: kind.aead ?? 'aes-256-gcm', id: key.id, version };
  return { bytes: open(material, use, ciphertext, context.encoded), keyId: key.id, version };
}

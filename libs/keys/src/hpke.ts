import { Aes256Gcm, CipherSuite, DhkemX25519HkdfSha256, HkdfSha256 } from '@hpke/core';
import { KeyError } from './key-error.ts';

/** Bytes of a raw X25519 key, and of what precedes the encrypted text: the encapsulated key. */
export const hpkeKeyBytes = 32;

/** What both ends know; authenticated, not sent. */
export interface HpkeContext {
  readonly info: string;
  readonly aad: string;
}

const suite = () => new CipherSuite({ kem: new DhkemX25519HkdfSha256(), kdf: new HkdfSha256(), aead: new Aes256Gcm() });

/** Seals to a raw X25519 public key: HPKE (RFC 9180) in base mode, the encapsulated key before the text. */
export async function sealTo(recipient: Uint8Array, plaintext: Uint8Array, context: HpkeContext): Promise<Buffer> {
  try {
    const recipientPublicKey = await suite().kem.deserializePublicKey(exact(recipient));
    const sender = await suite().createSenderContext({ recipientPublicKey, info: exact(Buffer.from(context.info)) });
    const sealed = await sender.seal(exact(plaintext), exact(Buffer.from(context.aad)));
    return Buffer.concat([Buffer.from(sender.enc), Buffer.from(sealed)]);
  } catch {
    throw new KeyError('key_malformed', 'not a public key of X25519 that can be sealed to');
  }
}

/** Opens what `sealTo` made, with the raw X25519 private key. Whatever does not open is `ciphertext_refused`. */
export async function openSealed(key: Uint8Array, sealed: Uint8Array, context: HpkeContext): Promise<Buffer> {
  try {
    const recipientKey = await suite().kem.importKey('raw', exact(key), false);
    const enc = exact(sealed.subarray(0, hpkeKeyBytes));
    const reader = await suite().createRecipientContext({ recipientKey, enc, info: exact(Buffer.from(context.info)) });
    const text = await reader.open(exact(sealed.subarray(hpkeKeyBytes)), exact(Buffer.from(context.aad)));
    return Buffer.from(text);
  } catch {
    throw new KeyError('ciphertext_refused', 'the text was not sealed to this key and context');
  }
}

/** A buffer of its own: Node's small buffers share one. */
function exact(bytes: Uint8Array): ArrayBuffer {
  return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
}

import { timingSafeEqual } from 'node:crypto';
import { type Context, type EncodedContext, encodeContext } from './context.ts';
import { fixedHeader, type KeyUse, readEnvelope } from './envelope.ts';
import { decrypt, encrypt, nonceBytesOf } from './internal/cipher.ts';
import { freshNonce } from './internal/nonces.ts';
import { KeyError } from './key-error.ts';

/** Bytes of a plaintext. */
export const maxPlaintextBytes = 64 * 1024 * 1024;

const overwritten = Buffer.alloc(32);

/**
 * Encrypts for `context` with a key of 32 bytes. The nonce is random and made here, because callers who choose it
 * repeat it (CVE-2023-4680): with 12 bytes of nonce, a version of a key is to be rotated before 2^32 ciphertexts.
 */
export function seal(key: Uint8Array, use: KeyUse, plaintext: Uint8Array, context: Context | EncodedContext): Buffer {
  if (plaintext.length > maxPlaintextBytes) throw new KeyError('plaintext_too_large', 'the plaintext is over 64 MiB');
  // A key that its owner has overwritten: everybody could open what it closes.
  if (key.length === overwritten.length && timingSafeEqual(key, overwritten))
    throw new KeyError('key_malformed', 'the key is all zeros');
  const fixed = fixedHeader(use);
  const nonce = freshNonce(nonceBytesOf(use.algorithm));
  const aad = Buffer.concat([fixed, nonce, encoded(context)]);
  return Buffer.concat([fixed, nonce, encrypt(use.algorithm, { key, nonce, aad }, plaintext)]);
}

/**
 * Decrypts what `seal` made with this use of the key for this context. Throws `ciphertext_refused` for every ciphertext
 * that does not authenticate, of another key, version or context alike.
 */
export function open(
  key: Uint8Array,
  use: KeyUse,
  ciphertext: Uint8Array,
  context: Context | EncodedContext,
): Uint8Array {
  const { header, nonce, sealed, ...written } = readEnvelope(ciphertext);
  const isOfUse = written.algorithm === use.algorithm && written.id === use.id && written.version === use.version;
  if (!isOfUse) throw new KeyError('ciphertext_refused', 'the ciphertext is not of this key and context');
  return decrypt(use.algorithm, { key, nonce, aad: Buffer.concat([header, encoded(context)]) }, sealed);
}

function encoded(context: Context | EncodedContext): EncodedContext {
  return 'byteLength' in context ? context : encodeContext(context);
}

import { createCipheriv, createDecipheriv, type KeyObject, randomBytes } from 'node:crypto';
import { status } from '@grpc/grpc-js';
import { ProviderError } from './provider-error.ts';

const format = 1;
const nonceBytes = 12;
const tagBytes = 16;
const overhead = 1 + nonceBytes + tagBytes;

/** Limit of the API server for what it keeps of a ciphertext. */
const mostCiphertextBytes = 1024;

/**
 * What an API server gives to be encrypted (the seed of its data keys): AES-256-GCM, bound to the key_id. The text is a
 * byte of format, the nonce, the encrypted text and the tag.
 */
export function closed(key: KeyObject, kmsKeyId: string, plaintext: Uint8Array): Buffer {
  if (plaintext.length + overhead > mostCiphertextBytes)
    throw new ProviderError(
      'plaintext_too_large',
      `a plaintext has at most ${mostCiphertextBytes - overhead} bytes`,
      status.INVALID_ARGUMENT,
    );
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(boundTo(kmsKeyId));
  const text = cipher.update(plaintext);
  cipher.final();
  return Buffer.concat([Buffer.of(format), nonce, text, cipher.getAuthTag()]);
}

/** Opens what `closed` made; everything else is one error, `ciphertext_refused`. */
export function opened(key: KeyObject, kmsKeyId: string, ciphertext: Uint8Array): Buffer {
  if (ciphertext.length < overhead || ciphertext.length > mostCiphertextBytes || ciphertext[0] !== format)
    throw ciphertextRefused();
  const nonce = ciphertext.subarray(1, 1 + nonceBytes);
  const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: tagBytes }).setAAD(boundTo(kmsKeyId));
  decipher.setAuthTag(ciphertext.subarray(-tagBytes));
  const text = decipher.update(ciphertext.subarray(1 + nonceBytes, -tagBytes));
  try {
    decipher.final();
    return text;
  } catch {
    text.fill(0);
    throw ciphertextRefused();
  }
}

/** The one error of everything that can be wrong with a ciphertext. */
export function ciphertextRefused(): ProviderError {
  return new ProviderError(
    'ciphertext_refused',
    'the ciphertext is not one of this key and key_id',
    status.INVALID_ARGUMENT,
  );
}

function boundTo(kmsKeyId: string): Buffer {
  return Buffer.from(`gabion kms v2\n${kmsKeyId}`);
}

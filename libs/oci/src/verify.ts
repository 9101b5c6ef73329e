import { createHash } from 'node:crypto';
import { type Digest, partsOf } from './digest.ts';
import { OciError, type OciErrorCode } from './oci-error.ts';

/** Bytes in order. */
export type Bytes = AsyncIterable<Uint8Array>;

/**
 * Passes bytes through and fails at the end when they are not those of the digest, and as soon as they are too many.
 * Nothing read is trustworthy before the end is reached.
 */
export async function* verified(bytes: Bytes, expected: { digest: Digest; size?: number }): AsyncGenerator<Uint8Array> {
  const { algorithm, hex } = partsOf(expected.digest);
  const hash = createHash(algorithm);
  let size = 0;
  for await (const chunk of bytes) {
    size += chunk.length;
    if (expected.size !== undefined && size > expected.size) {
      throw new OciError(
        'blob_size_mismatch',
        `${expected.digest} is longer than the ${expected.size} bytes announced`,
      );
    }
    hash.update(chunk);
    yield chunk;
  }
  if (expected.size !== undefined && size < expected.size) {
    throw new OciError('blob_truncated', `${expected.digest} ended after ${size} of ${expected.size} bytes`);
  }
  if (hash.digest('hex') !== hex)
    throw new OciError(
      'blob_digest_mismatch',
      `the content is not that of ${expected.digest}: it is damaged or was tampered with`,
    );
}

/** Passes bytes through and tells of each piece how long it is. */
export async function* reported(bytes: Bytes, onBytes: (bytes: number) => void = () => {}): AsyncGenerator<Uint8Array> {
  for await (const chunk of bytes) {
    onBytes(chunk.length);
    yield chunk;
  }
}

/** Reads all bytes into memory, at most `most`; more is refused with the given code. */
export async function gathered(bytes: Bytes, most: number, code: OciErrorCode): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of bytes) {
    size += chunk.length;
    if (size > most) throw new OciError(code, `a document is over ${most} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, size);
}

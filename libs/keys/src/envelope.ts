import { type AeadAlgorithm, nonceBytesOf, tagBytes } from './internal/cipher.ts';
import { KeyError } from './key-error.ts';

/** Which version of which key made a ciphertext, and how. `id` is a UUID in lower case, `version` counts from 1. */
export interface KeyUse {
  readonly algorithm: AeadAlgorithm;
  readonly id: string;
  readonly version: number;
}

/** A ciphertext in its parts; `header` is all before the encrypted text, and is authenticated. */
export interface Envelope extends KeyUse {
  readonly header: Uint8Array;
  readonly nonce: Uint8Array;
  readonly sealed: Uint8Array;
}

// Format 1: format u8, algorithm u8, key id (16), key version u32 big endian, nonce, encrypted text, tag (16).
const format = 1;
const fixedBytes = 22;
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
// The numbers are in stored ciphertexts: none is ever used again for something else.
const numbers: ReadonlyMap<AeadAlgorithm, number> = new Map([
  ['aes-256-gcm', 1],
  ['chacha20-poly1305', 2],
  ['xchacha20-poly1305', 3],
  ['aes-256-gcm-siv', 4],
]);
const algorithms = new Map([...numbers].map(([algorithm, number]) => [number, algorithm]));

let last: { readonly use: KeyUse; readonly header: Buffer } | undefined;

/** The bytes before the nonce. Those of the last use are remembered: keys are used many times in a row. */
export function fixedHeader({ algorithm, id, version }: KeyUse): Buffer {
  if (last?.use.id === id && last.use.version === version && last.use.algorithm === algorithm) return last.header;
  const number = numbers.get(algorithm);
  if (number === undefined) throw new KeyError('algorithm_unknown', 'not an algorithm of ciphertexts');
  if (!uuid.test(id)) throw new KeyError('key_malformed', 'a key id is a UUID in lower case');
  if (!isVersion(version)) throw new KeyError('key_version_invalid', 'a key version is from 1 to 4294967295');
  const fixed = Buffer.alloc(fixedBytes);
  fixed.writeUInt8(format, 0);
  fixed.writeUInt8(number, 1);
  fixed.write(id.replaceAll('-', ''), 2, 'hex');
  fixed.writeUInt32BE(version, 18);
  last = { use: { algorithm, id, version }, header: fixed };
  return fixed;
}

/** Reads the parts of a ciphertext, to find its key. Nothing of it is to be believed before `open` has answered. */
export function readEnvelope(ciphertext: Uint8Array): Envelope {
  const bytes = Buffer.from(ciphertext.buffer, ciphertext.byteOffset, ciphertext.length);
  if (bytes.length === 0) throw truncated();
  if (bytes[0] !== format) throw new KeyError('ciphertext_format_unknown', 'a ciphertext of an unknown format');
  if (bytes.length < fixedBytes) throw truncated();
  const algorithm = algorithms.get(bytes[1]!);
  if (!algorithm) throw new KeyError('algorithm_unknown', 'a ciphertext of an unknown algorithm');
  const version = bytes.readUInt32BE(18);
  if (!isVersion(version)) throw new KeyError('key_version_invalid', 'a key version is from 1 to 4294967295');
  const headerBytes = fixedBytes + nonceBytesOf(algorithm);
  if (bytes.length < headerBytes + tagBytes) throw truncated();
  const id = bytes.toString('hex', 2, 18).replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
  const header = bytes.subarray(0, headerBytes);
  return { algorithm, id, version, header, nonce: header.subarray(fixedBytes), sealed: bytes.subarray(headerBytes) };
}

function isVersion(version: number): boolean {
  return Number.isInteger(version) && version >= 1 && version <= 0xffffffff;
}

function truncated(): KeyError {
  return new KeyError('ciphertext_truncated', 'a ciphertext without its end');
}

import { KeyError } from './key-error.ts';

/** What a ciphertext is bound to: it opens only with the same names and values. It is not secret and not stored. */
export type Context = ReadonlyMap<string, string>;

/** A context as bytes, for those who need it more than once. */
export type EncodedContext = Buffer & { readonly [isContext]: true };

declare const isContext: unique symbol;

/** Bytes of the encoded form. */
export const maxContextBytes = 65_536;

/**
 * The one encoding of a context: a count, then each name and value as UTF-8 behind its length (u32, big endian), sorted
 * by the bytes of the names. Lengths, not separators: no two contexts have the same bytes.
 */
export function encodeContext(context: Context): EncodedContext {
  const entries = [...context].map(([name, value]) => [bytesOf(name), bytesOf(value)] as const);
  entries.sort(([left], [right]) => Buffer.compare(left, right));
  const encoded = Buffer.concat([
    u32(entries.length),
    ...entries.flatMap(([name, value]) => [u32(name.length), name, u32(value.length), value]),
  ]);
  if (encoded.length > maxContextBytes) throw new KeyError('context_too_large', 'the context is over 64 KiB');
  return encoded as EncodedContext;
}

// UTF-8 writes every lone surrogate as U+FFFD: two contexts would be one.
function bytesOf(text: string): Buffer {
  if (!text.isWellFormed()) throw new KeyError('context_malformed', 'the context holds a lone surrogate');
  return Buffer.from(text, 'utf8');
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** Lifetime of a token that asks for none: 90 days. */
export const defaultLifetimeSeconds = 90 * 86_400;
/** The longest lifetime there is: 365 days, as the contract says. */
export const maxLifetimeSeconds = 365 * 86_400;

// "gbn_", 80 bits by which the row is found, "_", 160 bits of secret; both in base32 of RFC 4648 in lower case.
const form = /^(gbn_[a-z2-7]{16})_[a-z2-7]{32}$/;
const alphabet = 'abcdefghijklmnopqrstuvwxyz234567';

/** A token at the moment it is made: the only time its text is there. */
export interface MintedToken {
  readonly text: string;
  readonly prefix: string;
  readonly hash: Buffer;
}

/** Makes a token; with `prefix`, another secret for the token of that prefix. */
export function mint(prefix: string = `gbn_${base32(randomBytes(10))}`): MintedToken {
  const text = `${prefix}_${base32(randomBytes(20))}`;
  return { text, prefix, hash: hashOf(text) };
}

/** What a token is found by; undefined for a text that is none. */
export function prefixOf(text: string): string | undefined {
  return form.exec(text)?.[1];
}

/** SHA-256 suffices for 160 random bits: there is nothing to guess that a slow hash would protect. */
export function hashOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

/** Compares in constant time; without a stored hash with one that nothing has, so that both take as long. */
export function matches(text: string, hash: Buffer | undefined): boolean {
  const isSame = timingSafeEqual(hashOf(text), hash ?? nobodys);
  return hash !== undefined && isSame;
}

const nobodys = Buffer.alloc(32);

/** Lengths that are a multiple of 5 bytes need no padding. */
function base32(bytes: Buffer): string {
  const bits = BigInt(`0x${bytes.toString('hex')}`);
  const digits = (bytes.length * 8) / 5;
  return Array.from(
    { length: digits },
    (_, at) => alphabet[Number((bits >> BigInt(5 * (digits - 1 - at))) & 31n)],
  ).join('');
}

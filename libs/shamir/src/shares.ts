import { randomBytes, randomInt } from 'node:crypto';
import { inverse, multiply } from './field.ts';
import { ShamirError } from './shamir-error.ts';

/** How many shares there are, and how many of them give the secret back. */
export interface Scheme {
  /** 2 to 255. */
  readonly shares: number;
  /** 2 to `shares`. */
  readonly threshold: number;
}

/** Bytes of a secret: beyond any key, and bounds the work. */
const maxSecretBytes = 65_536;

/** Shares of `secret`, each one byte longer than it: the values of its bytes' polynomials, then the x they belong to. */
export function split(secret: Uint8Array, { shares, threshold }: Scheme): Buffer[] {
  const isScheme = Number.isInteger(shares) && Number.isInteger(threshold) && threshold >= 2 && shares >= threshold;
  if (!isScheme || shares > 255)
    throw new ShamirError('shares_invalid', 'there are 2 to 255 shares, and at least 2 and at most all are needed');
  if (secret.length === 0 || secret.length > maxSecretBytes)
    throw new ShamirError('secret_empty', `a secret has 1 to ${maxSecretBytes} bytes`);
  const made = placesOf(shares).map((x) => {
    const share = Buffer.alloc(secret.length + 1);
    share[secret.length] = x;
    return share;
  });
  // The coefficients of x¹ and up of one byte's polynomial; its constant is the byte.
  const coefficients = Buffer.alloc(threshold - 1);
  secret.forEach((byte, at) => {
    randomBytes(coefficients.length).copy(coefficients);
    for (const share of made) share[at] = valueAt(share[secret.length] as number, byte, coefficients);
  });
  coefficients.fill(0);
  return made;
}

/**
 * The secret of which these are shares. With fewer than the threshold, or a false one among them, it is another secret:
 * only what it opens can tell.
 */
export function combine(shares: readonly Uint8Array[]): Buffer {
  assertShares(shares);
  const last = (shares[0] as Uint8Array).length - 1;
  const places = shares.map((share) => share[last] as number);
  const weights = places.map((x) => weightOf(x, places));
  const secret = Buffer.alloc(last);
  for (let at = 0; at < last; at++)
    secret[at] = shares.reduce((sum, share, i) => sum ^ multiply(share[at] as number, weights[i] as number), 0);
  return secret;
}

function assertShares(shares: readonly Uint8Array[]): void {
  if (shares.length < 2) throw new ShamirError('shares_too_few', 'at least two shares are needed');
  const length = shares[0]?.length ?? 0;
  const isSound = (share: Uint8Array) => share.length === length && length >= 2 && share[length - 1] !== 0;
  if (length > maxSecretBytes + 1 || !shares.every(isSound))
    throw new ShamirError('share_malformed', 'that is no share, or none of the same secret as the others');
  if (new Set(shares.map((share) => share[length - 1])).size < shares.length)
    throw new ShamirError('share_repeated', 'a share was given twice');
}

/** Different places, at random as in Vault: a share does not tell how many there are. Places are not secret. */
function placesOf(count: number): number[] {
  const places = Array.from({ length: 255 }, (_, at) => at + 1);
  for (let at = 0; at < count; at++) {
    const other = randomInt(at, places.length);
    [places[at], places[other]] = [places[other] as number, places[at] as number];
  }
  return places.slice(0, count);
}

/** Horner's rule, from the highest coefficient down to the constant. */
function valueAt(x: number, constant: number, coefficients: Uint8Array): number {
  let value = 0;
  for (let at = coefficients.length - 1; at >= 0; at--) value = multiply(value ^ (coefficients[at] as number), x);
  return value ^ constant;
}

/** Lagrange's weight of the place `x` for the value at 0. */
function weightOf(x: number, places: readonly number[]): number {
  return places
    .filter((other) => other !== x)
    .reduce((weight, other) => multiply(weight, multiply(other, inverse(other ^ x))), 1);
}

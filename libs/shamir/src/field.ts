/**
 * The product in GF(2⁸) modulo x⁸ + x⁴ + x³ + x + 1. The same steps for all operands: tables would tell a neighbour on
 * the processor, by its cache, which of their lines were read (CVE-2023-25000).
 */
export function multiply(left: number, right: number): number {
  let product = 0;
  let shifted = left;
  for (let bit = 0; bit < 8; bit++) {
    product ^= shifted & -((right >> bit) & 1);
    shifted = ((shifted << 1) ^ (0x11b & -(shifted >> 7))) & 0xff;
  }
  return product;
}

/** The inverse of `value` as its 254th power; 0 for 0, which has none. */
export function inverse(value: number): number {
  let power = value;
  // 254 is 11111110 in binary: six times square and multiply, then a square.
  for (let bit = 0; bit < 6; bit++) power = multiply(multiply(power, power), value);
  return multiply(power, power);
}

/** Primes by which the fingerprint looks at a modulus; by the time all agree, chance is out of the question. */
const primes = [3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103];
const later = [107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167];

/**
 * Whether a modulus is of the form that a flawed library gave its primes, k·M + (65537^a mod M): modulo every small prime
 * it is then a power of 65537 (Nemec et al., "The Return of Coppersmith's Attack", CCS 2017, section 3.2).
 */
export function hasStructuredPrimes(modulus: bigint): boolean {
  return [...primes, ...later].every((prime) => powers(65_537 % prime, prime).has(Number(modulus % BigInt(prime))));
}

function powers(base: number, prime: number): ReadonlySet<number> {
  const found = new Set<number>();
  for (let power = 1; !found.has(power); power = (power * base) % prime) found.add(power);
  return found;
}

import { createHash, randomBytes } from 'node:crypto';
import { type Digest, digestBytes } from '../mac.ts';

/** RFC 8017 section 9.2 note 1: the DER of DigestInfo up to the digest. */
const digestInfos: Readonly<Record<Digest, Buffer>> = {
  sha256: Buffer.from('3031300d060960864801650304020105000420', 'hex'),
  sha384: Buffer.from('3041300d060960864801650304020205000430', 'hex'),
  sha512: Buffer.from('3051300d060960864801650304020305000440', 'hex'),
};

/** EMSA-PKCS1-v1_5 (RFC 8017 section 9.2) of a digest, as long as the modulus. There is one encoding of each digest. */
export function pkcs1Encoded(digest: Digest, hashed: Uint8Array, modulusBytes: number): Buffer {
  const info = Buffer.concat([digestInfos[digest], hashed]);
  const padding = Buffer.alloc(modulusBytes - info.length - 3, 0xff);
  return Buffer.concat([Buffer.of(0, 1), padding, Buffer.of(0), info]);
}

/** EMSA-PSS (RFC 8017 section 9.1.1) of a digest with MGF1 and a salt as long as the digest, padded to the modulus. */
export function pssEncoded(
  digest: Digest,
  hashed: Uint8Array,
  modulusBits: number,
  salt: Uint8Array = randomBytes(digestBytes[digest]),
): Buffer {
  const { encodedBytes, unusedBits } = sizesOf(modulusBits);
  const seed = seedOf(digest, hashed, salt);
  const block = Buffer.alloc(encodedBytes - seed.length - 1);
  block[block.length - salt.length - 1] = 1;
  block.set(salt, block.length - salt.length);
  mask(digest, seed, block);
  block[0] = (block[0] as number) & (0xff >> unusedBits);
  const encoded = Buffer.concat([block, seed, Buffer.of(0xbc)]);
  return Buffer.concat([Buffer.alloc(Math.ceil(modulusBits / 8) - encodedBytes), encoded]);
}

/** Whether the bytes below the modulus are an EMSA-PSS of the digest (RFC 8017 section 9.1.2). */
export function isPssEncoded(digest: Digest, hashed: Uint8Array, modulusBits: number, padded: Uint8Array): boolean {
  const { encodedBytes, unusedBits } = sizesOf(modulusBits);
  const lead = padded.length - encodedBytes;
  const saltBytes = digestBytes[digest];
  const seedAt = padded.length - digestBytes[digest] - 1;
  const block = Buffer.from(padded.subarray(lead, seedAt));
  const first = block[0] as number;
  if (first >> (8 - unusedBits) !== 0 || padded.subarray(0, lead).some((byte) => byte !== 0)) return false;
  if (padded.at(-1) !== 0xbc) return false;
  const seed = padded.subarray(seedAt, -1);
  mask(digest, seed, block);
  block[0] = (block[0] as number) & (0xff >> unusedBits);
  const saltAt = block.length - saltBytes;
  if (block[saltAt - 1] !== 1 || block.subarray(0, saltAt - 1).some((byte) => byte !== 0)) return false;
  return seedOf(digest, hashed, block.subarray(saltAt)).equals(seed);
}

/** The encoding has a bit less than the modulus, and so is below it. */
function sizesOf(modulusBits: number) {
  const encodedBytes = Math.ceil((modulusBits - 1) / 8);
  return { encodedBytes, unusedBits: encodedBytes * 8 - (modulusBits - 1) };
}

function seedOf(digest: Digest, hashed: Uint8Array, salt: Uint8Array): Buffer {
  return createHash(digest).update(Buffer.alloc(8)).update(hashed).update(salt).digest();
}

/** MGF1 (RFC 8017 appendix B.2.1) of the seed, over the block. */
function mask(digest: Digest, seed: Uint8Array, block: Buffer): void {
  const counter = Buffer.alloc(4);
  for (let at = 0, count = 0; at < block.length; count++) {
    counter.writeUInt32BE(count);
    for (const byte of createHash(digest).update(seed).update(counter).digest()) {
      if (at === block.length) break;
      block[at] = (block[at] as number) ^ byte;
      at++;
    }
  }
}

import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { claimedKeyId, verifiedJws } from '@gabion/keys/jws';
import { importedMaterial, type PrivateType } from '@gabion/keys/material';
import { publicKeyOf } from '@gabion/keys/public-key';
import { hasStructuredPrimes } from '@gabion/keys/roca';
import type { SignatureAlgorithm } from '@gabion/keys/signature';
import type { Group, Texts } from './vectors.ts';

const noJwe = 'JWE is not offered';
const secret = 'secrets make no JWS: HS256 and its like are not offered';
const nameless = 'a key here has its type, and no alg, use or key_ops beside it';

const algorithms: ReadonlyMap<string, SignatureAlgorithm> = new Map<string, SignatureAlgorithm>([
  ['ES256', 'ecdsa-sha256'],
  ['RS256', 'rsa-pkcs1-sha256'],
  ['RS384', 'rsa-pkcs1-sha384'],
  ['RS512', 'rsa-pkcs1-sha512'],
  ['PS256', 'rsa-pss-sha256'],
  ['PS384', 'rsa-pss-sha384'],
  ['PS512', 'rsa-pss-sha512'],
]);

/** A JWS under a key pair, as `VerifyJws` takes it. */
export function jws({ jws: text, comment }: Texts, { public: jwk, private: own }: Group): boolean | string {
  const { kid, alg, kty } = (jwk ?? own ?? {}) as Texts;
  if (typeof text !== 'string') return noJwe;
  if (kty === undefined) return 'a set of keys: callers name the one to verify with';
  if (kty === 'oct') return secret;
  // RFC 7520 section 4.2: its key names no algorithm, and the vectors name another than that of the example.
  if (comment === 'Figure20') return 'the key names another algorithm than its example (RFC 7520 section 4.2)';
  if (alg !== undefined && !algorithms.has(alg)) return `${alg} is no algorithm of RFC 7518`;
  const algorithm = algorithms.get(alg ?? '');
  // Cases of keys that their `use` or `key_ops` keep from signing, and that sign all the same.
  if (!algorithm) return nameless;
  const key = createPublicKey({ key: jwk as Texts, format: 'jwk' });
  return isSound(key) && isVerified(key, algorithm, text, kid);
}

/** A JWS under a key that comes as a JWK: taken in, as an import takes it, and then used. */
export function jwk({ jws: text }: Texts, { private: set }: Group): boolean | string {
  const { keys } = set as { keys: readonly Texts[] };
  const [own] = keys;
  if (keys.length !== 1 || !own) return 'a set of keys: callers name the one to verify with';
  if (own.k !== undefined) return secret;
  const algorithm = algorithms.get(`${own.alg}`);
  if (!algorithm || own.use !== 'sig') return nameless;
  const key = imported(own);
  return key !== undefined && isVerified(key, algorithm, `${text}`, own.kid);
}

/** JWE in any form. */
export function jwe(): string {
  return noJwe;
}

function isVerified(key: KeyObject, algorithm: SignatureAlgorithm, text: string, kid: string | undefined): boolean {
  const claimed = claimedKeyId(text);
  if (claimed !== undefined && claimed !== kid) return false;
  return verifiedJws({ key, algorithm }, text) !== undefined;
}

/** As where a key is taken in. */
function isSound(key: KeyObject): boolean {
  const modulus = key.export({ format: 'jwk' }).n;
  return !modulus || !hasStructuredPrimes(BigInt(`0x${Buffer.from(modulus, 'base64url').toString('hex')}`));
}

/** The public half of a private key; undefined of what is no key of its kind to OpenSSL. Throws as an import does. */
function imported(own: Texts): KeyObject | undefined {
  const type: PrivateType = own.kty === 'EC' ? 'ecdsa-p256' : 'rsa-2048';
  const pkcs8 = pkcs8Of(own);
  return pkcs8 && publicKeyOf(type, importedMaterial(type, pkcs8));
}

function pkcs8Of(own: Texts): Buffer | undefined {
  try {
    return createPrivateKey({ key: own, format: 'jwk' }).export({ format: 'der', type: 'pkcs8' });
  } catch {
    return undefined;
  }
}

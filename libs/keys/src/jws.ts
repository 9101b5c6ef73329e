import type { KeyObject } from 'node:crypto';
import { KeyError } from './key-error.ts';
import { isSignature, type SignatureAlgorithm, sign } from './signature.ts';

/** How a key signs JWS. */
export interface JwsKey {
  readonly key: KeyObject;
  readonly algorithm: SignatureAlgorithm;
}

/** A JWS whose signature is valid. */
export interface VerifiedJws {
  readonly header: Readonly<Record<string, unknown>>;
  readonly payload: Buffer;
}

/** Parameters of the protected header beside `alg`. */
export interface JwsHeader {
  readonly kid: string;
  readonly typ?: string;
}

/** Characters of a protected header. */
const maxHeaderLength = 8192;

/** The curve that RFC 7518 section 3.4 fixes for each algorithm. */
const curves: Readonly<Record<string, string>> = {
  'ecdsa-sha256': 'prime256v1',
  'ecdsa-sha384': 'secp384r1',
  'ecdsa-sha512': 'secp521r1',
};

const names: ReadonlyMap<SignatureAlgorithm, string> = new Map<SignatureAlgorithm, string>([
  ['ecdsa-sha256', 'ES256'],
  ['ecdsa-sha384', 'ES384'],
  ['ecdsa-sha512', 'ES512'],
  ['rsa-pss-sha256', 'PS256'],
  ['rsa-pss-sha384', 'PS384'],
  ['rsa-pss-sha512', 'PS512'],
  ['rsa-pkcs1-sha256', 'RS256'],
  ['rsa-pkcs1-sha384', 'RS384'],
  ['rsa-pkcs1-sha512', 'RS512'],
  ['ed25519', 'EdDSA'],
]);

/** The compact serialisation (RFC 7515 section 7.1). Throws `algorithm_unknown` for a key that JOSE has no name for. */
export function signedJws(signer: JwsKey, header: JwsHeader, payload: Uint8Array): string {
  const protectedHeader = encoded(Buffer.from(JSON.stringify({ alg: nameOf(signer), ...header })));
  const input = `${protectedHeader}.${encoded(payload)}`;
  const signature = sign(signer.key, signer.algorithm, Buffer.from(input), 'ieee-p1363');
  return `${input}.${encoded(signature)}`;
}

/**
 * What a JWS in its compact serialisation says, if this very key and algorithm signed it; undefined whatever else is
 * wrong. The header chooses nothing: neither the algorithm nor a key (`jwk`, `jku`, `x5c`), and `crit` is refused, since no
 * extension is known here (RFC 7515 section 4.1.11).
 */
export function verifiedJws(signer: JwsKey, compact: string): VerifiedJws | undefined {
  const alg = nameOf(signer);
  const parts = compact.split('.', 4);
  const [header, payload, signature] = parts.map(decoded);
  if (parts.length !== 3 || !header || !payload || !signature) return undefined;
  const said = headerIn(header);
  // An unencoded payload (RFC 7797) would be in `crit`; without it, others would read another payload than is read here.
  if (said?.alg !== alg || 'crit' in said || (said.b64 ?? true) !== true) return undefined;
  const input = Buffer.from(compact.slice(0, compact.lastIndexOf('.')));
  const isValid = isSignature(signer.key, signer.algorithm, input, signature, 'ieee-p1363');
  return isValid ? { header: said, payload } : undefined;
}

/** The `kid` of a header whose signature nobody has looked at yet; undefined when there is none. */
export function claimedKeyId(compact: string): string | undefined {
  const header = decoded(compact.split('.', 1)[0] ?? '');
  const kid = header && headerIn(header)?.kid;
  return typeof kid === 'string' ? kid : undefined;
}

function nameOf({ key, algorithm }: JwsKey): string {
  const name = names.get(algorithm);
  const curve = curves[algorithm];
  if (!name || (curve && key.asymmetricKeyDetails?.namedCurve !== curve))
    throw new KeyError('algorithm_unknown', 'JOSE has no algorithm for this key');
  return name;
}

function headerIn(bytes: Buffer): Readonly<Record<string, unknown>> | undefined {
  if (bytes.length > maxHeaderLength) return undefined;
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    const header: unknown = JSON.parse(text);
    const isObject = typeof header === 'object' && header !== null && !Array.isArray(header);
    return isObject && !hasRepeatedMember(text) ? (header as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/** RFC 7515 section 4: names are unique. Of two, one reader takes the first and another the last. `json` is an object. */
function hasRepeatedMember(json: string): boolean {
  const names = new Set<unknown>();
  let depth = 0;
  for (const [token, name] of json.matchAll(/[{}[\]]|("(?:[^"\\]|\\.)*")(?:\s*:)?/g)) {
    if (token === '{' || token === '[') depth++;
    else if (token === '}' || token === ']') depth--;
    else if (depth === 1 && token.endsWith(':')) {
      const parsed: unknown = JSON.parse(name as string);
      if (names.has(parsed)) return true;
      names.add(parsed);
    }
  }
  return false;
}

function encoded(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64url');
}

/** Base64url without padding, in its one form (RFC 7515 section 2). */
function decoded(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64url');
  return bytes.toString('base64url') === text ? bytes : undefined;
}

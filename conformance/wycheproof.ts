import { execFileSync } from 'node:child_process';
import { createHash, createPublicKey, type KeyObject } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { agree, decapsulate } from '@gabion/keys/agreement';
import { derive } from '@gabion/keys/derivation';
import { isDigestSignature } from '@gabion/keys/digest-signature';
import { type AeadAlgorithm, decrypt, encrypt } from '@gabion/keys/internal/cipher';
import { claimedKeyId, verifiedJws } from '@gabion/keys/jws';
import { type Digest, isMac, macOf } from '@gabion/keys/mac';
import { type PrivateType, privateKeyOf } from '@gabion/keys/material';
import { publicKeyIn } from '@gabion/keys/public-key';
import { hasStructuredPrimes } from '@gabion/keys/roca';
import { type EcdsaEncoding, isSignature, type SignatureAlgorithm } from '@gabion/keys/signature';
import { unwrap, type Wrapping, wrap } from '@gabion/keys/wrapping';

// Runs Wycheproof's vectors: node --conditions=source conformance/wycheproof.ts [directory or wycheproof.tar.gz]
const source = process.argv[2] ?? join(import.meta.dirname, '../../shared/corpora/wycheproof.tar.gz');

type Group = Readonly<Record<string, unknown>>;
type Texts = Readonly<Record<string, string>>;
interface Test {
  readonly tcId: number;
  readonly comment?: string;
  readonly result: 'valid' | 'invalid' | 'acceptable';
}
/** Whether the library takes the case as valid and answers as it says; undefined when it has no such parameters. */
type Runner = (test: Texts, group: Group) => boolean | undefined;

const runners: readonly (readonly [RegExp, Runner])[] = [
  [/^aes_gcm_test/, aead('aes-256-gcm')],
  [/^aes_gcm_siv_test/, aead('aes-256-gcm-siv')],
  [/^chacha20_poly1305_test/, aead('chacha20-poly1305')],
  [/^xchacha20_poly1305_test/, aead('xchacha20-poly1305')],
  [/^aes_wrap_test/, wrapping('aes-256-kw')],
  [/^aes_kwp_test/, wrapping('aes-256-kwp')],
  [/^hmac_sha256_test/, mac('sha256')],
  [/^hmac_sha384_test/, mac('sha384')],
  [/^hmac_sha512_test/, mac('sha512')],
  [/^hkdf_sha256_test/, hkdf('sha256')],
  [/^hkdf_sha384_test/, hkdf('sha384')],
  [/^hkdf_sha512_test/, hkdf('sha512')],
  [/^ecdsa_secp\d+r1_sha\d+_test/, signature('ecdsa', 'der')],
  [/^ecdsa_secp\d+r1_sha\d+_p1363_test/, signature('ecdsa', 'ieee-p1363')],
  [/^rsa_signature_(2048|3072|4096)_sha\d+_test/, signature('rsa-pkcs1')],
  [/^rsa_pss_(2048|3072|4096)_sha\d+_mgf1_\d+_test/, signature('rsa-pss')],
  [/^ed25519_test/, wholeSignature('ed25519')],
  [/^mldsa_\d+_verify_test/, wholeSignature('ml-dsa')],
  [/^x25519_test/, agreement],
  [/^mlkem_(768|1024)_test/, encapsulation],
  [/^json_web_(signature|crypto)_test/, jws],
];

function aead(algorithm: AeadAlgorithm): Runner {
  return (test, { keySize, tagSize, ivSize }) => {
    if (keySize !== 256 || tagSize !== 128) return undefined;
    // GCM is defined for every length of nonce; keys make and take 96 bits only.
    if (algorithm === 'aes-256-gcm' && ivSize !== 96 && ivSize !== 0) return undefined;
    const use = { key: bytesOf(test.key), nonce: bytesOf(test.iv), aad: bytesOf(test.aad) };
    const plaintext = bytesOf(test.msg);
    const sealed = Buffer.concat([bytesOf(test.ct), bytesOf(test.tag)]);
    const isOpened = plaintext.equals(decrypt(algorithm, use, sealed));
    return isOpened && sealed.equals(encrypt(algorithm, use, plaintext));
  };
}

function wrapping(kind: Wrapping): Runner {
  return ({ key, msg, ct }, { keySize }) => {
    if (keySize !== 256) return undefined;
    const material = unwrap(kind, bytesOf(key), bytesOf(ct));
    return material.equals(bytesOf(msg)) && wrap(kind, bytesOf(key), material).equals(bytesOf(ct));
  };
}

function mac(digest: Digest): Runner {
  const fullBits = macOf(digest, bytesOf(''), bytesOf('')).length * 8;
  return ({ key, msg, tag }, { tagSize }) =>
    tagSize === fullBits ? isMac(digest, bytesOf(key), bytesOf(msg), bytesOf(tag)) : undefined;
}

function hkdf(digest: Digest): Runner {
  return ({ ikm, salt, info, okm, size }) =>
    derive(digest, bytesOf(ikm), { salt: bytesOf(salt), info: bytesOf(info), lengthBytes: Number(size) }).equals(
      bytesOf(okm),
    );
}

function signature(family: 'ecdsa' | 'rsa-pkcs1' | 'rsa-pss', encoding: EcdsaEncoding = 'der'): Runner {
  return ({ msg, sig }, { sha, mgfSha = sha, sLen, publicKeyPem }) => {
    const digest = digests.get(`${sha}`);
    if (!digest || mgfSha !== sha) return undefined;
    // The salt is as long as the digest.
    if (sLen !== undefined && sLen !== macOf(digest, bytesOf(''), bytesOf('')).length) return undefined;
    const algorithm: SignatureAlgorithm = `${family}-${digest}`;
    const key = publicKeyIn(`${publicKeyPem}`);
    const hashed = createHash(digest).update(bytesOf(msg)).digest();
    const isOfMessage = isSignature(key, algorithm, bytesOf(msg), bytesOf(sig), encoding);
    if (isOfMessage !== isDigestSignature(key, algorithm, hashed, bytesOf(sig), encoding))
      throw new Error('a signature is one of the message or one of its digest, but not both');
    return isOfMessage;
  };
}

function wholeSignature(algorithm: 'ed25519' | 'ml-dsa'): Runner {
  return ({ msg, sig, ctx }, { publicKeyDer }) => {
    // Signatures are made and taken for the empty context.
    if (ctx) return undefined;
    const key = spkiOf(`${publicKeyDer}`);
    return key ? isSignature(key, algorithm, bytesOf(msg), bytesOf(sig)) : false;
  };
}

/** The public key of the vectors; undefined for one that OpenSSL takes for none. */
function spkiOf(hex: string): KeyObject | undefined {
  try {
    return createPublicKey({ key: bytesOf(hex), format: 'der', type: 'spki' });
  } catch {
    return undefined;
  }
}

function agreement({ public: theirs, private: ours, shared }: Texts): boolean {
  const own = privateKeyOf('x25519', bytesOf(`302e020100300506032b656e04220420${ours}`));
  const other = spkiOf(`302a300506032b656e032100${theirs}`);
  return other !== undefined && agree(own, other).equals(bytesOf(shared));
}

function encapsulation({ seed, c, K }: Texts, { type, parameterSet }: Group): boolean | undefined {
  if (type !== 'MLKEMTest') return undefined;
  const set = parameterSet === 'ML-KEM-768' ? '02' : '03';
  const key = `3054020100300b06096086480165030404${set}04428040${seed}`;
  const material: PrivateType = parameterSet === 'ML-KEM-768' ? 'ml-kem-768' : 'ml-kem-1024';
  return decapsulate(privateKeyOf(material, bytesOf(key)), bytesOf(c)).equals(bytesOf(K));
}

/** Keys here sign and verify JWS with private keys; secrets, sets of keys and JWE are not theirs. */
function jws({ jws: text, comment }: Texts, { public: jwk }: Group): boolean | undefined {
  const { kid, alg, use } = (jwk ?? {}) as Texts;
  const algorithm = jwsAlgorithms.get(`${alg}`);
  if (typeof text !== 'string' || !algorithm || use === 'enc') return undefined;
  // RFC 7520 section 4.2: its key names no algorithm, and the vectors name another than that of the example.
  if (comment === 'Figure20') return undefined;
  const key = createPublicKey({ key: jwk as Texts, format: 'jwk' });
  const modulus = key.export({ format: 'jwk' }).n;
  // As where a key is taken in.
  if (modulus && hasStructuredPrimes(BigInt(`0x${Buffer.from(modulus, 'base64url').toString('hex')}`))) return false;
  const claimed = claimedKeyId(text);
  if (claimed !== undefined && claimed !== kid) return false;
  return verifiedJws({ key, algorithm }, text) !== undefined;
}

const jwsAlgorithms: ReadonlyMap<string, SignatureAlgorithm> = new Map<string, SignatureAlgorithm>([
  ['ES256', 'ecdsa-sha256'],
  ['RS256', 'rsa-pkcs1-sha256'],
  ['RS384', 'rsa-pkcs1-sha384'],
  ['RS512', 'rsa-pkcs1-sha512'],
  ['PS256', 'rsa-pss-sha256'],
  ['PS384', 'rsa-pss-sha384'],
  ['PS512', 'rsa-pss-sha512'],
]);

const digests: ReadonlyMap<string, Digest> = new Map([
  ['SHA-256', 'sha256'],
  ['SHA-384', 'sha384'],
  ['SHA-512', 'sha512'],
]);

function bytesOf(hex: string | undefined): Buffer {
  return Buffer.from(hex ?? '', 'hex');
}

function isTaken(run: Runner, test: Texts, group: Group): boolean | undefined {
  try {
    return run(test, group);
  } catch (error) {
    if (error instanceof Error && error.name === 'KeyError') return false;
    throw error;
  }
}

const failures: string[] = [];
let passed = 0;

function runFile(path: string, run: Runner): void {
  let right = 0;
  let wrong = 0;
  let outside = 0;
  for (const group of JSON.parse(readFileSync(path, 'utf8')).testGroups as (Group & { tests: (Test & Texts)[] })[])
    for (const test of group.tests) {
      const taken = isTaken(run, test, group);
      if (taken === undefined) outside++;
      else if (test.result === 'acceptable' || taken === (test.result === 'valid')) right++;
      else {
        wrong++;
        failures.push(
          `${basename(path)} ${test.tcId}: ${test.result}, ${taken ? 'taken' : 'refused'} (${test.comment})`,
        );
      }
    }
  passed += right;
  console.log(`${basename(path)}: ${right} passed, ${wrong} failed, ${outside} of parameters that keys have not`);
}

function runDirectory(directory: string): void {
  const files = readdirSync(directory, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.json'));
  for (const name of files.sort()) {
    const runner = runners.find(([names]) => names.test(basename(name)));
    if (runner) runFile(join(directory, name), runner[1]);
    else console.log(`skipped: ${basename(name)}, not of what keys do`);
  }
}

if (!existsSync(source)) {
  console.log(`skipped: no ${source}`);
} else if (statSync(source).isDirectory()) {
  runDirectory(source);
} else {
  const directory = mkdtempSync(join(tmpdir(), 'gabion-wycheproof-'));
  try {
    execFileSync('tar', ['xzf', source, '-C', directory]);
    runDirectory(directory);
  } finally {
    rmSync(directory, { recursive: true });
  }
}
for (const failure of failures) console.log(`failed: ${failure}`);
console.log(`${passed} passed, ${failures.length} failed`);
process.exitCode = failures.length === 0 ? 0 : 1;

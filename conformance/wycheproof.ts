import { execFileSync } from 'node:child_process';
import { createHash, createPublicKey, type KeyObject } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { agree, decapsulate } from '@gabion/keys/agreement';
import { derive } from '@gabion/keys/derivation';
import { isDigestSignature } from '@gabion/keys/digest-signature';
import { type AeadAlgorithm, decrypt, encrypt } from '@gabion/keys/internal/cipher';
import { type Digest, isMac, macOf } from '@gabion/keys/mac';
import { type PrivateType, privateKeyOf } from '@gabion/keys/material';
import { publicKeyIn } from '@gabion/keys/public-key';
import { type EcdsaEncoding, isSignature, type SignatureAlgorithm } from '@gabion/keys/signature';
import { unwrap, type Wrapping, wrap } from '@gabion/keys/wrapping';
import { jwe, jwk, jws } from './wycheproof/jose.ts';
import { Tally, tableOf } from './wycheproof/tally.ts';
import { bytesOf, type Case, type Group, type Runner, type Texts } from './wycheproof/vectors.ts';

// Runs Wycheproof's vectors, and says by file what it does not run and why: node --conditions=source conformance/wycheproof.ts [directory or wycheproof.tar.gz]
const source = process.argv[2] ?? join(import.meta.dirname, '../../shared/corpora/wycheproof.tar.gz');

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
  [/^json_web_key_test/, jwk],
  [/^json_web_encryption_test/, jwe],
  [/^ecdh_/, notOffered('keys agree by X25519')],
  [/^mldsa_\d+_sign/, notOffered('signatures are hedged: their randomness is not told')],
  [/^pbkdf2_/, notOffered('no key is made of a password')],
  [/^rsa_oaep_/, notOffered('RSA keys sign; OAEP carries material only')],
  [/^rsa_pss_.*_params_test/, notOffered('RSA keys are rsaEncryption: no parameters in them')],
  [/^rsa_pss_/, notOffered('MGF1 and message have one digest, of SHA-256, SHA-384 and SHA-512')],
];

function notOffered(why: string): Runner {
  return () => why;
}

function aead(algorithm: AeadAlgorithm): Runner {
  return (test, { keySize, tagSize, ivSize }) => {
    if (keySize !== 256) return 'keys have 256 bits';
    if (tagSize !== 128) return 'tags have 128 bits';
    // GCM is defined for every length of nonce; keys make and take 96 bits only.
    if (algorithm === 'aes-256-gcm' && ivSize !== 96 && ivSize !== 0) return 'nonces have 96 bits';
    const use = { key: bytesOf(test.key), nonce: bytesOf(test.iv), aad: bytesOf(test.aad) };
    const plaintext = bytesOf(test.msg);
    const sealed = Buffer.concat([bytesOf(test.ct), bytesOf(test.tag)]);
    const isOpened = plaintext.equals(decrypt(algorithm, use, sealed));
    return isOpened && sealed.equals(encrypt(algorithm, use, plaintext));
  };
}

function wrapping(kind: Wrapping): Runner {
  return ({ key, msg, ct }, { keySize }) => {
    if (keySize !== 256) return 'wrapping keys have 256 bits';
    const material = unwrap(kind, bytesOf(key), bytesOf(ct));
    return material.equals(bytesOf(msg)) && wrap(kind, bytesOf(key), material).equals(bytesOf(ct));
  };
}

function mac(digest: Digest): Runner {
  const fullBits = macOf(digest, bytesOf(''), bytesOf('')).length * 8;
  return ({ key, msg, tag }, { tagSize }) =>
    tagSize === fullBits ? isMac(digest, bytesOf(key), bytesOf(msg), bytesOf(tag)) : 'MACs are whole';
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
    if (!digest || mgfSha !== sha) return 'MGF1 and message have one digest, of SHA-256, SHA-384 and SHA-512';
    // The salt is as long as the digest.
    if (sLen !== undefined && sLen !== macOf(digest, bytesOf(''), bytesOf('')).length)
      return 'salts are as long as the digest';
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
    if (ctx) return 'signatures are of the empty context';
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

function encapsulation({ seed, c, K }: Texts, { type, parameterSet }: Group): boolean | string {
  if (type !== 'MLKEMTest') return 'keys are told by their seed';
  const set = parameterSet === 'ML-KEM-768' ? '02' : '03';
  const key = `3054020100300b06096086480165030404${set}04428040${seed}`;
  const material: PrivateType = parameterSet === 'ML-KEM-768' ? 'ml-kem-768' : 'ml-kem-1024';
  return decapsulate(privateKeyOf(material, bytesOf(key)), bytesOf(c)).equals(bytesOf(K));
}

const digests: ReadonlyMap<string, Digest> = new Map([
  ['SHA-256', 'sha256'],
  ['SHA-384', 'sha384'],
  ['SHA-512', 'sha512'],
]);

function isTaken(run: Runner, test: Texts, group: Group): boolean | string {
  try {
    return run(test, group);
  } catch (error) {
    if (error instanceof Error && error.name === 'KeyError') return false;
    throw error;
  }
}

const tallies: Tally[] = [];

function runFile(path: string, run: Runner): void {
  const tally = new Tally(basename(path));
  for (const group of JSON.parse(readFileSync(path, 'utf8')).testGroups as (Group & { tests: (Case & Texts)[] })[])
    for (const test of group.tests) tally.judge(test, isTaken(run, test, group));
  tallies.push(tally);
}

function runDirectory(directory: string): void {
  const files = readdirSync(directory, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.json'));
  for (const name of files.sort()) {
    const runner = runners.find(([names]) => names.test(basename(name)));
    runFile(join(directory, name), runner?.[1] ?? notOffered('not of what keys do'));
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
const failures = tallies.flatMap(({ wrong }) => wrong);
if (tallies.length > 0) console.log(tableOf(tallies));
for (const failure of failures) console.log(`failed: ${failure}`);
console.log(`${tallies.reduce((sum, { right }) => sum + right, 0)} passed, ${failures.length} failed`);
process.exitCode = failures.length === 0 ? 0 : 1;

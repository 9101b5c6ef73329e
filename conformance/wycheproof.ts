import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { derive } from '@gabion/keys/derivation';
import { type AeadAlgorithm, decrypt, encrypt } from '@gabion/keys/internal/cipher';
import { type Digest, isMac, macOf } from '@gabion/keys/mac';
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

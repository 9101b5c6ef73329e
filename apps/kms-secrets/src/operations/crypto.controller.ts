import { createHash, randomBytes } from 'node:crypto';
import { KeyOperation } from '@gabion/contracts/gabion/kms/v1/keys_pb';
import {
  CryptoService,
  type DecapsulateRequest,
  type DecryptBatchRequest,
  type DecryptRequest,
  type DeriveRequest,
  type EncapsulateRequest,
  type EncryptBatchRequest,
  type EncryptRequest,
  type GenerateDataKeyRequest,
  type GetRandomRequest,
  type MacRequest,
  type RewrapRequest,
  type SignJwsRequest,
  type SignRequest,
  type VerifyJwsRequest,
  type VerifyMacRequest,
  type VerifyRequest,
} from '@gabion/contracts/gabion/kms/v1/operations_pb';
import { agree, decapsulate, encapsulate } from '@gabion/keys/agreement';
import { derive } from '@gabion/keys/derivation';
import { isDigestSignature, signDigest } from '@gabion/keys/digest-signature';
import { claimedKeyId, signedJws, verifiedJws } from '@gabion/keys/jws';
import { isMac, macOf } from '@gabion/keys/mac';
import { type PrivateType, privateKeyOf } from '@gabion/keys/material';
import { publicKeyIn, publicKeyOf } from '@gabion/keys/public-key';
import { isSignature, sign } from '@gabion/keys/signature';
import type { Call } from '@gabion/rpc/call';
import { Implements } from '@gabion/rpc/implements';
import { keyFaults } from '../keys/key-faults.ts';
import { jwkIdOf, versionIn } from '../keys/key-message.ts';
import { macDigest, signatureAlgorithm, signatureEncoding } from './algorithms.ts';
import { Ciphertexts, type Versioned } from './ciphertexts.ts';
import { type InUse, KeyUses, type Outcome } from './key-uses.ts';
import type { Use } from './usage-trail.ts';

@Implements(CryptoService)
export class CryptoController {
  constructor(
    private readonly uses: KeyUses,
    private readonly ciphertexts: Ciphertexts,
  ) {}

  async encrypt({ key, plaintext, context }: EncryptRequest, call: Call) {
    const { bytes, ...by } = await this.#single((uses) => this.ciphertexts.close(call, key, plaintext, context, uses));
    return { ciphertext: bytes, ...by };
  }

  async decrypt({ ciphertext, context, key }: DecryptRequest, call: Call) {
    const open = (uses: Use[]) => this.ciphertexts.open(call, { ciphertext, context }, key, uses);
    const { bytes, ...by } = await this.#single(open);
    return { plaintext: bytes, ...by };
  }

  async encryptBatch({ key, items }: EncryptBatchRequest, call: Call) {
    const outcomes = await this.uses.many(items, ({ plaintext, context }, uses) =>
      this.ciphertexts.close(call, key, plaintext, context, uses),
    );
    return { results: outcomes.map((outcome) => ({ result: resultOf('ciphertext', outcome) })) };
  }

  async decryptBatch({ key, items }: DecryptBatchRequest, call: Call) {
    const outcomes = await this.uses.many(items, (item, uses) => this.ciphertexts.open(call, item, key, uses));
    return { results: outcomes.map((outcome) => ({ result: resultOf('plaintext', outcome) })) };
  }

  async rewrap({ key, items }: RewrapRequest, call: Call) {
    const outcomes = await this.uses.many(items, (item, uses) => this.ciphertexts.rewrap(call, item, key, uses));
    return { results: outcomes.map((outcome) => ({ result: resultOf('ciphertext', outcome) })) };
  }

  async generateDataKey(request: GenerateDataKeyRequest, call: Call) {
    const { key, context, bytes: length, withoutPlaintext } = request;
    const dataKey = randomBytes(length || 32);
    const close = (uses: Use[]) =>
      this.ciphertexts.close(call, key, dataKey, context, uses, KeyOperation.GENERATE_DATA_KEY);
    const { bytes, ...by } = await this.#single(close);
    return { ciphertext: bytes, ...by, ...(!withoutPlaintext && { plaintext: dataKey }) };
  }

  async sign({ key, input, algorithm, encoding, version }: SignRequest, call: Call) {
    const { bytes, isDigest } = signable(input);
    const signing = isDigest ? signDigest : sign;
    const written = signatureEncoding(encoding);
    const asked = { operation: KeyOperation.SIGN, version, use: 'apply' } as const;
    return this.uses.one(call, key, asked, (inUse) => ({
      signature: signing(privateOf(inUse), signatureAlgorithm(algorithm, inUse.key.type), bytes, written),
      ...byOf(inUse),
    }));
  }

  async verify({ key, input, signature, algorithm, encoding, version }: VerifyRequest, call: Call) {
    const { bytes, isDigest } = signable(input);
    const verifying = isDigest ? isDigestSignature : isSignature;
    const written = signatureEncoding(encoding);
    const asked = { operation: KeyOperation.VERIFY, version, use: 'open' } as const;
    const isValid = await this.uses.one(call, key, asked, (inUse) => {
      const publicKey = publicKeyOf(privateTypeOf(inUse), inUse.material);
      return verifying(publicKey, signatureAlgorithm(algorithm, inUse.key.type), bytes, signature, written);
    });
    return { isValid };
  }

  async signJws({ key, payload, type, algorithm, version }: SignJwsRequest, call: Call) {
    const asked = { operation: KeyOperation.SIGN, version, use: 'apply' } as const;
    return this.uses.one(call, key, asked, (inUse) => {
      const signer = { key: privateOf(inUse), algorithm: signatureAlgorithm(algorithm, inUse.key.type) };
      const header = { kid: jwkIdOf(inUse.key.id, inUse.version), ...(type && { typ: type }) };
      return { jws: signedJws(signer, header, payload), ...byOf(inUse) };
    });
  }

  async verifyJws({ key, jws, algorithm }: VerifyJwsRequest, call: Call) {
    const kid = claimedKeyId(jws);
    const version = kid === undefined ? 0 : versionIn(kid);
    if (version === undefined) return { isValid: false };
    const asked = { operation: KeyOperation.VERIFY, version, use: 'open' } as const;
    return this.uses.one(call, key, asked, (inUse) => {
      if (kid !== undefined && kid !== jwkIdOf(inUse.key.id, inUse.version)) return { isValid: false };
      const publicKey = publicKeyOf(privateTypeOf(inUse), inUse.material);
      const signer = { key: publicKey, algorithm: signatureAlgorithm(algorithm, inUse.key.type) };
      const found = verifiedJws(signer, jws);
      return found ? { isValid: true, payload: found.payload, version: inUse.version } : { isValid: false };
    });
  }

  async mac({ key, message, algorithm, version }: MacRequest, call: Call) {
    const digest = macDigest(algorithm);
    const asked = { operation: KeyOperation.MAC, version, use: 'apply' } as const;
    return this.uses.one(call, key, asked, (inUse) => ({
      mac: macOf(digest, inUse.material, message),
      ...byOf(inUse),
    }));
  }

  async verifyMac({ key, message, mac, algorithm, version }: VerifyMacRequest, call: Call) {
    const digest = macDigest(algorithm);
    const asked = { operation: KeyOperation.VERIFY_MAC, version, use: 'open' } as const;
    const isValid = await this.uses.one(call, key, asked, ({ material }) => isMac(digest, material, message, mac));
    return { isValid };
  }

  async derive({ key, context, bytes, peerPublicKeyPem, version }: DeriveRequest, call: Call) {
    const asked = { operation: KeyOperation.DERIVE, context, version, use: 'apply' } as const;
    return this.uses.one(call, key, asked, (inUse) => ({
      derived: derived(inUse, peerPublicKeyPem, bytes || 32),
      ...byOf(inUse),
    }));
  }

  async encapsulate({ key }: EncapsulateRequest, call: Call) {
    const asked = { operation: KeyOperation.ENCAPSULATE, use: 'apply' } as const;
    return this.uses.one(call, key, asked, (inUse) => ({
      ...encapsulate(publicKeyOf(privateTypeOf(inUse), inUse.material)),
      ...byOf(inUse),
    }));
  }

  async decapsulate({ key, ciphertext, version }: DecapsulateRequest, call: Call) {
    const asked = { operation: KeyOperation.DECAPSULATE, version, use: 'open' } as const;
    const sharedSecret = await this.uses.one(call, key, asked, (inUse) => decapsulate(privateOf(inUse), ciphertext));
    return { sharedSecret };
  }

  async getRandom({ bytes }: GetRandomRequest) {
    return { random: randomBytes(bytes) };
  }

  async #single(work: (uses: Use[]) => Promise<Outcome<Versioned>>): Promise<Versioned> {
    const [outcome] = await this.uses.many([undefined], (_, uses) => work(uses));
    if (!outcome || 'fault' in outcome) throw outcome?.fault ?? new Error('a use without an outcome');
    return outcome.answer;
  }
}

function resultOf<N extends 'ciphertext' | 'plaintext'>(name: N, outcome: Outcome<Versioned>) {
  if ('answer' in outcome) return { case: name, value: outcome.answer.bytes };
  const { code, message } = outcome.fault;
  return { case: 'error' as const, value: { code, message } };
}

function byOf({ key, version }: InUse) {
  return { keyId: key.id, version };
}

/** The whole message, or its digest. */
function signable({ case: given, value }: SignRequest['input']) {
  if (given === undefined) throw keyFaults.invalid('message', 'is missing');
  return { bytes: value, isDigest: given === 'digest' };
}

function privateTypeOf({ kind: { material } }: InUse): PrivateType {
  if (material === 'symmetric-256' || material === 'hmac') throw keyFaults.unsuitable('have a private key');
  return material;
}

function privateOf(inUse: InUse) {
  return privateKeyOf(privateTypeOf(inUse), inUse.material);
}

/** HKDF-SHA256 of the key, or of the secret that it shares with the other side's, for this context. */
function derived(inUse: InUse, peerPublicKeyPem: string, lengthBytes: number): Buffer {
  const info = createHash('sha256').update('gabion derive v1\0').update(inUse.context.encoded).digest();
  const salt = new Uint8Array();
  if (inUse.kind.material !== 'x25519') {
    // Crashed elsewhere when keys of the other kind were mixed up here (CVE-2026-55776).
    if (peerPublicKeyPem) throw keyFaults.invalid('peer_public_key_pem', 'is for keys of agreement');
    return derive('sha256', inUse.material, { salt, info, lengthBytes });
  }
  if (!peerPublicKeyPem) throw keyFaults.invalid('peer_public_key_pem', 'is missing');
  const secret = agree(privateOf(inUse), publicKeyIn(peerPublicKeyPem));
  try {
    return derive('sha256', secret, { salt, info, lengthBytes });
  } finally {
    secret.fill(0);
  }
}

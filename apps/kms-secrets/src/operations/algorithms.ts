import { KeyType } from '@gabion/contracts/gabion/kms/v1/keys_pb';
import { MacAlgorithm, SignatureAlgorithm, SignatureEncoding } from '@gabion/contracts/gabion/kms/v1/operations_pb';
import type { Digest } from '@gabion/keys/mac';
import type { SignatureAlgorithm as Algorithm, EcdsaEncoding } from '@gabion/keys/signature';
import { keyFaults } from '../keys/key-faults.ts';

const named: ReadonlyMap<SignatureAlgorithm, Algorithm> = new Map<SignatureAlgorithm, Algorithm>([
  [SignatureAlgorithm.ECDSA_SHA256, 'ecdsa-sha256'],
  [SignatureAlgorithm.ECDSA_SHA384, 'ecdsa-sha384'],
  [SignatureAlgorithm.ECDSA_SHA512, 'ecdsa-sha512'],
  [SignatureAlgorithm.RSA_PSS_SHA256, 'rsa-pss-sha256'],
  [SignatureAlgorithm.RSA_PSS_SHA384, 'rsa-pss-sha384'],
  [SignatureAlgorithm.RSA_PSS_SHA512, 'rsa-pss-sha512'],
  [SignatureAlgorithm.RSA_PKCS1_SHA256, 'rsa-pkcs1-sha256'],
  [SignatureAlgorithm.RSA_PKCS1_SHA384, 'rsa-pkcs1-sha384'],
  [SignatureAlgorithm.RSA_PKCS1_SHA512, 'rsa-pkcs1-sha512'],
]);

const usual: ReadonlyMap<KeyType, Algorithm> = new Map<KeyType, Algorithm>([
  [KeyType.ECDSA_P256, 'ecdsa-sha256'],
  [KeyType.ECDSA_P384, 'ecdsa-sha384'],
  [KeyType.ECDSA_P521, 'ecdsa-sha512'],
  [KeyType.RSA_2048, 'rsa-pss-sha256'],
  [KeyType.RSA_3072, 'rsa-pss-sha256'],
  [KeyType.RSA_4096, 'rsa-pss-sha256'],
  [KeyType.ED25519, 'ed25519'],
  [KeyType.ML_DSA_44, 'ml-dsa'],
  [KeyType.ML_DSA_65, 'ml-dsa'],
  [KeyType.ML_DSA_87, 'ml-dsa'],
]);

const digests: ReadonlyMap<MacAlgorithm, Digest> = new Map<MacAlgorithm, Digest>([
  [MacAlgorithm.UNSPECIFIED, 'sha256'],
  [MacAlgorithm.HMAC_SHA256, 'sha256'],
  [MacAlgorithm.HMAC_SHA384, 'sha384'],
  [MacAlgorithm.HMAC_SHA512, 'sha512'],
]);

/** The algorithm asked for, that of the key's type when none is. */
export function signatureAlgorithm(asked: SignatureAlgorithm, type: KeyType): Algorithm {
  const algorithm = asked === SignatureAlgorithm.UNSPECIFIED ? usual.get(type) : named.get(asked);
  if (!algorithm) throw keyFaults.invalid('algorithm', 'is none that this key signs with', 'algorithm_unknown');
  return algorithm;
}

export function signatureEncoding(asked: SignatureEncoding): EcdsaEncoding {
  if (asked === SignatureEncoding.UNSPECIFIED) return 'der';
  if (asked === SignatureEncoding.P1363) return 'ieee-p1363';
  throw keyFaults.invalid('encoding', 'is no encoding of signatures');
}

export function macDigest(asked: MacAlgorithm): Digest {
  const digest = digests.get(asked);
  if (!digest) throw keyFaults.invalid('algorithm', 'is no algorithm of MACs', 'algorithm_unknown');
  return digest;
}

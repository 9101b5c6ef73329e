import { KeyOperation, KeyType } from '@gabion/contracts/gabion/kms/v1/keys_pb';
import type { KeyUse } from '@gabion/keys/envelope';
import type { MaterialType } from '@gabion/keys/material';

/** What a type of key is made of and good for. */
export interface KeyKind {
  readonly material: MaterialType;
  /** How it encrypts; undefined for a key that does not. */
  readonly aead?: KeyUse['algorithm'];
  readonly operations: ReadonlySet<KeyOperation>;
}

const encrypting = new Set([
  KeyOperation.ENCRYPT,
  KeyOperation.DECRYPT,
  KeyOperation.GENERATE_DATA_KEY,
  KeyOperation.REWRAP,
  KeyOperation.DERIVE,
  KeyOperation.EXPORT,
]);
const signing = new Set([KeyOperation.SIGN, KeyOperation.VERIFY, KeyOperation.EXPORT]);
const agreeing = new Set([KeyOperation.DERIVE, KeyOperation.EXPORT]);
const encapsulating = new Set([KeyOperation.ENCAPSULATE, KeyOperation.DECAPSULATE, KeyOperation.EXPORT]);
const authenticating = new Set([KeyOperation.MAC, KeyOperation.VERIFY_MAC, KeyOperation.DERIVE, KeyOperation.EXPORT]);

const kinds: ReadonlyMap<KeyType, KeyKind> = new Map<KeyType, KeyKind>([
  [KeyType.AES_256_GCM, { material: 'symmetric-256', aead: 'aes-256-gcm', operations: encrypting }],
  [KeyType.AES_256_GCM_SIV, { material: 'symmetric-256', aead: 'aes-256-gcm-siv', operations: encrypting }],
  [KeyType.CHACHA20_POLY1305, { material: 'symmetric-256', aead: 'chacha20-poly1305', operations: encrypting }],
  [KeyType.XCHACHA20_POLY1305, { material: 'symmetric-256', aead: 'xchacha20-poly1305', operations: encrypting }],
  [KeyType.RSA_2048, { material: 'rsa-2048', operations: signing }],
  [KeyType.RSA_3072, { material: 'rsa-3072', operations: signing }],
  [KeyType.RSA_4096, { material: 'rsa-4096', operations: signing }],
  [KeyType.ECDSA_P256, { material: 'ecdsa-p256', operations: signing }],
  [KeyType.ECDSA_P384, { material: 'ecdsa-p384', operations: signing }],
  [KeyType.ECDSA_P521, { material: 'ecdsa-p521', operations: signing }],
  [KeyType.ED25519, { material: 'ed25519', operations: signing }],
  [KeyType.X25519, { material: 'x25519', operations: agreeing }],
  [KeyType.HMAC, { material: 'hmac', operations: authenticating }],
  [KeyType.ML_KEM_768, { material: 'ml-kem-768', operations: encapsulating }],
  [KeyType.ML_KEM_1024, { material: 'ml-kem-1024', operations: encapsulating }],
  [KeyType.ML_DSA_44, { material: 'ml-dsa-44', operations: signing }],
  [KeyType.ML_DSA_65, { material: 'ml-dsa-65', operations: signing }],
  [KeyType.ML_DSA_87, { material: 'ml-dsa-87', operations: signing }],
]);

/** What the type is; undefined for a number that no type has. */
export function kindOf(type: KeyType): KeyKind | undefined {
  return kinds.get(type);
}
